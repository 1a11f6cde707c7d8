package hub

import (
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

// part is one frame of a tick, which goes to all reading members but some.
type part struct {
	frame []byte
	about protocol.UserID // the user that it tells of
	by    *Member         // who needs no telling
	mark  bool            // a read mark: goes to the user's own other sessions too
	event uint64          // who joined at this count or later knows it from its snapshot
}

// goesTo says whether a reading member gets the part.
func (p *part) goesTo(m *Member) bool {
	if p.event <= m.joint || p.by == m {
		return false
	}
	return p.mark || p.about == "" || p.about != m.User // never about oneself (docs/protocol/presence.md)
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
		c.dirty.parts = append(c.dirty.parts, part{event: c.dirty.events + 1, frame: c.presenceFrame(c.dirty.list)}) // it has what is before it
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
		f.all = append(f.all, p.frame...)
	}
	c.ephem.ticks[f.n%ephemeraKept].Store(f)
	c.ephem.next.Store(f.n + 1)
	c.loop.wake(c)
}

func (c *Conversation) presenceFrame(list bool) []byte {
	p := protocol.Presence{Conversation: c.ID, Count: len(c.users)}
	if list {
		p.Online = c.onlineJSON(nil)
	}
	return protocol.Frame(p)
}

// resync makes all ephemeral state anew for a session that fell behind.
func (c *Conversation) resync(m *Member) {
	frames := c.presenceFrame(!c.crowd())
	if !c.crowd() { // a crowd is told of its own marks alone, which no session falls behind
		for _, k := range c.furthest {
			if !k.toldAt.IsZero() { // it has moved since the conversation came to life
				frames = append(frames, c.markFrame(k)...)
			}
		}
	}
	m.catchUp.Store(&catchUp{frames: frames, seen: c.ephem.next.Load()})
	m.Wake()
}

// Ephemera adds to dst what has been flushed for the member since it took some last. behind says, once, that it must ask
// the hub to Resync: it fell too far back. Only the member's session calls it.
func (m *Member) Ephemera(dst []byte) (frames []byte, behind bool) {
	if m.own.Load() != nil {
		if own := m.own.Swap(nil); own != nil {
			dst = append(dst, *own...)
		}
	}
	if m.Kind == Following {
		return dst, false
	}
	if got := m.catchUp.Load(); got != nil && m.catchUp.CompareAndSwap(got, nil) {
		dst = append(dst, got.frames...)
		m.seen = got.seen
		m.asked = false
	}
	e := &m.Conversation.ephem
	next := e.next.Load()
	if next-m.seen > ephemeraKept {
		return dst, m.ask()
	}
	for ; m.seen < next; m.seen++ {
		f := e.ticks[m.seen%ephemeraKept].Load()
		if f.n != m.seen {
			return dst, m.ask()
		}
		dst = f.appendTo(dst, m)
	}
	return dst, false
}

// ask says whether the member's catchUp is still to be asked for.
func (m *Member) ask() bool {
	first := !m.asked
	m.asked = true
	return first
}

func (f *flushed) appendTo(dst []byte, m *Member) []byte {
	personal := f.since < m.joint
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
