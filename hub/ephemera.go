package hub

import (
	"slices"
	"sync/atomic"
	"time"

	"verbatim/protocol"
)

// ephemeraKept is how many ticks a session may be behind before it gets the whole state anew.
const ephemeraKept = 16

// ephemera are the last ticks' flushes of what is not recorded. The loop puts; sessions read without a lock.
type ephemera struct {
	ticks [ephemeraKept]atomic.Pointer[flushed] // tick n stands at n % ephemeraKept
	next  atomic.Uint64
}

// flushed is what one tick sends.
type flushed struct {
	n     uint64
	parts []part
	all   []byte // the parts that go to every bystander, one after another
	since uint64 // the event count before its first part
}

// part is one frame of a tick, and whom it is for.
type part struct {
	frame []byte
	about protocol.UserID // the user that it tells of
	by    *Member         // who needs no telling
	mark  bool            // a read mark: goes to the user's own other sessions too, and to its followers
	own   bool            // to the user's own sessions alone
	event uint64          // who joined at this count or later knows it from its snapshot
}

// goesTo says whether a member gets the part.
func (p *part) goesTo(m *Member) bool {
	if p.event <= m.joint || p.by == m {
		return false
	}
	self := p.about == m.User && p.about != ""
	if m.Kind == Following || p.own {
		return p.mark && self
	}
	return p.mark || !self // never about oneself (protocol.md, presence)
}

// add notes a part for the next tick.
func (c *Conversation) add(p part) {
	p.event = c.dirty.events
	c.dirty.parts = append(c.dirty.parts, p)
	c.loop.schedule(c, time.Now().Add(tick))
}

// typed notes that a user is writing. Nothing of it goes out in a crowd, or twice within typingEvery.
func (c *Conversation) typed(m *Member) {
	u := c.users[m.User]
	now := time.Now()
	if u == nil || c.crowd() || now.Sub(u.typedAt) < typingEvery {
		return
	}
	u.typedAt = now
	c.dirty.events++
	c.add(part{about: u.name, frame: protocol.Frame(protocol.Typing{Conversation: c.ID, User: u.name})})
}

// flushEphemera makes one tick of all that may go out now, and wakes whom it concerns.
func (c *Conversation) flushEphemera(now time.Time) {
	c.takeMarks(now)
	if (c.dirty.count || c.dirty.list) && !now.Before(c.countedAt.Add(atMost)) {
		c.countedAt = now
		c.dirty.parts = append([]part{{event: c.dirty.events + 1, frame: c.presenceFrame(c.dirty.list)}}, c.dirty.parts...)
		c.dirty.count, c.dirty.list = false, false
	}
	if len(c.dirty.parts) == 0 {
		return
	}
	f := &flushed{n: c.ephem.next.Load(), parts: c.dirty.parts}
	c.dirty.parts = nil
	f.since = c.dirty.events
	for _, p := range f.parts {
		f.since = min(f.since, p.event-1)
		if !p.own {
			f.all = append(f.all, p.frame...)
		}
	}
	c.ephem.ticks[f.n%ephemeraKept].Store(f)
	c.ephem.next.Store(f.n + 1)
	c.wakeFor(f)
}

func (c *Conversation) wakeFor(f *flushed) {
	concerns := func(m *Member) bool {
		return slices.ContainsFunc(f.parts, func(p part) bool { return p.goesTo(m) })
	}
	if len(f.all) > 0 {
		c.loop.wake(c)
	} else { // only to somebody's own sessions: no crowd is woken for that
		for _, m := range c.members {
			if concerns(m) {
				m.Wake()
			}
		}
	}
	for _, m := range c.followers {
		if concerns(m) {
			m.Wake()
		}
	}
}

func (c *Conversation) presenceFrame(list bool) []byte {
	p := protocol.Presence{Conversation: c.ID, Count: len(c.users)}
	if list {
		p.Online = c.onlineJSON()
	}
	return protocol.Frame(p)
}

// resync makes all ephemeral state anew for a session that fell behind.
func (c *Conversation) resync(m *Member) {
	var frames []byte
	if m.Kind == Reading {
		frames = c.presenceFrame(!c.crowd())
	}
	told := 0
	for name, k := range c.marks {
		if k.name == "" || told >= c.loop.hub.names { // "": not moved since the conversation came to life
			continue
		}
		p := part{about: name, mark: true, own: c.crowd(), event: m.joint + 1}
		if p.goesTo(m) {
			frames = append(frames, c.markFrame(k)...)
			told++
		}
	}
	m.catchUp.Store(&catchUp{frames: frames, seen: c.ephem.next.Load()})
	m.Wake()
}

// Ephemera adds to dst what has been flushed for the member since it took some last. behind says that it must ask the
// hub to Resync: it fell too far back. Only the member's session calls it.
func (m *Member) Ephemera(dst []byte) (frames []byte, behind bool) {
	if got := m.catchUp.Load(); got != nil && m.catchUp.CompareAndSwap(got, nil) {
		dst = append(dst, got.frames...)
		m.seen = got.seen
	}
	e := &m.Conversation.ephem
	next := e.next.Load()
	if next-m.seen > ephemeraKept {
		return dst, true
	}
	for ; m.seen < next; m.seen++ {
		f := e.ticks[m.seen%ephemeraKept].Load()
		if f.n != m.seen {
			return dst, true
		}
		dst = f.appendTo(dst, m)
	}
	return dst, false
}

func (f *flushed) appendTo(dst []byte, m *Member) []byte {
	personal := m.Kind == Following || f.since < m.joint
	for i := range f.parts {
		p := &f.parts[i]
		personal = personal || p.about == m.User || p.by == m
	}
	if !personal {
		return append(dst, f.all...)
	}
	for i := range f.parts {
		if p := &f.parts[i]; p.goesTo(m) {
			dst = append(dst, p.frame...)
		}
	}
	return dst
}
