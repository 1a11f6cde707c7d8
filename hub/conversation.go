package hub

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	// tick is how long ephemeral state gathers before it goes out.
	tick = 50 * time.Millisecond
	// atMost is how often, at the most, a crowd's count, a user's read mark and a follower's `last` go out.
	atMost = time.Second
	// typingEvery is how often, at the most, a user's typing goes out.
	typingEvery = 3 * time.Second
	// leaveAfter is how long a user's last session must be gone before the user has left.
	leaveAfter = 5 * time.Second
	// ringIdle is how long after its last entry a ring gives its memory back.
	ringIdle = 30 * time.Second
)

// Conversation is a live conversation: one with members, or that had them a moment ago. Sessions know it by pointer.
type Conversation struct {
	// Fixed after newConversation.
	ID   protocol.ConversationID
	loop *loop

	load sync.Once // of marks, by whoever joins first

	// Written by the loop, read by anybody.
	ring   ring
	ephem  ephemera
	count  atomic.Int64 // users that are present
	newest atomic.Pointer[newest]

	// Owned by the loop, but for marks before the first command.
	gone      bool // out of the hub's table, for ever
	members   []*Member
	followers []*Member
	passing   bool // its members are being woken
	again     bool // and need another pass
	passed    int  // how many of them this pass has done

	dueAt    time.Time // when flush comes; zero: never
	dueIndex int

	users    map[protocol.UserID]*user
	leaving  []*user                       // whose last session went, oldest first; some came back meanwhile
	sessions map[protocol.UserID][]*Member // the reading and following members of each user
	marks    map[protocol.UserID]*mark
	furthest []*mark // the marks to show, furthest first
	dirty    dirty

	countedAt, lastAt, publishedAt time.Time // when a crowd's count and `last` went out; when an entry came
	online                         roster    // for joined
	reads                          []byte    // encoded for joined; nil: to be made anew
}

// dirty is what changed since the last flush.
type dirty struct {
	events uint64  // counted up for each, so that who joins later is not told what its snapshot shows
	parts  []part  // presence events and typing, to go out with the next tick
	marks  []*mark // whose newest is not told yet
	count  bool    // a crowd's number
	list   bool    // the whole list must go out: the crowd is small again
	last   bool    // followers do not know of the newest entry
}

// newest is a `last` frame, made once for all followers.
type newest struct {
	seq   protocol.Seq
	frame []byte
}

func newConversation(id protocol.ConversationID, l *loop) *Conversation {
	return &Conversation{ID: id, loop: l}
}

func (c *Conversation) publish(b *persistence.Batch) {
	if !c.ring.put(b) {
		return
	}
	now := time.Now()
	c.publishedAt = now
	c.loop.schedule(c, now.Add(ringIdle))
	if len(c.members) > 0 {
		c.loop.wake(c)
	}
	if len(c.followers) > 0 {
		c.dirty.last = true
		c.loop.schedule(c, later(now, c.lastAt.Add(atMost)))
	}
}

// Snapshot is what a join shows of a conversation's ephemeral state.
type Snapshot struct {
	Online []byte // a JSON array of at most Options.Names users, sorted by bytes
	Count  int
	Reads  []byte       // a JSON object: the others' read marks, at most Options.Names
	Read   protocol.Seq // the user's own mark; 0: none
	gone   bool
}

func (c *Conversation) join(m *Member) Snapshot {
	c.loop.hub.stats.members.Add(1)
	m.hint = c.ring.next.Load()
	m.seen = c.ephem.next.Load()
	if m.Kind == Following {
		m.index = len(c.followers)
		c.followers = append(c.followers, m)
	} else {
		m.index = len(c.members)
		c.members = append(c.members, m)
	}
	if m.Kind == Reading {
		c.arrive(m.User)
	}
	m.joint = c.dirty.events
	if m.Kind == Waiting {
		return Snapshot{}
	}
	if c.sessions == nil {
		c.sessions = make(map[protocol.UserID][]*Member)
	}
	c.sessions[m.User] = append(c.sessions[m.User], m)
	return Snapshot{Online: c.onlineJSON(m), Count: len(c.users), Reads: c.readsJSON(m.User), Read: c.markOf(m.User)}
}

func (c *Conversation) leave(m *Member) {
	list := &c.members
	if m.Kind == Following {
		list = &c.followers
	}
	if m.index >= len(*list) || (*list)[m.index] != m {
		return // it left before
	}
	c.loop.hub.stats.members.Add(-1)
	end := len(*list) - 1
	moved := (*list)[end]
	(*list)[m.index] = moved
	moved.index = m.index
	(*list)[end] = nil
	*list = (*list)[:end]
	if c.passing && m.Kind != Following && m.index < c.passed && moved != m {
		moved.Wake() // it stands now where this pass has been already
	}
	if m.Kind != Waiting {
		c.forgetSession(m)
	}
	if m.Kind == Reading {
		c.depart(m.User)
	}
	c.loop.schedule(c, time.Now().Add(tick)) // so that a conversation without members ends
}

func (c *Conversation) forgetSession(m *Member) {
	rest := slices.DeleteFunc(c.sessions[m.User], func(other *Member) bool { return other == m })
	if len(rest) == 0 {
		delete(c.sessions, m.User)
		return
	}
	c.sessions[m.User] = rest
}

// flush sends out what is due and says when to come again.
func (c *Conversation) flush(now time.Time) {
	if c.gone {
		return // its last flush had scheduled one more
	}
	c.expire(now)
	c.flushEphemera(now)
	c.flushLast(now)
	if !c.publishedAt.IsZero() && !now.Before(c.publishedAt.Add(ringIdle)) {
		c.publishedAt = time.Time{}
		c.ring.clear()
	}
	if len(c.members)+len(c.followers)+len(c.users) == 0 {
		c.gone = true
		c.loop.hub.forget(c)
		return
	}
	c.scheduleNext(now)
}

func (c *Conversation) flushLast(now time.Time) {
	if !c.dirty.last || now.Before(c.lastAt.Add(atMost)) {
		return
	}
	c.dirty.last = false
	c.lastAt = now
	tail, err := c.loop.hub.store.Tail(c.ID) // in memory, since an entry of it was committed a moment ago
	if err != nil {
		c.loop.hub.log.Error().Err(err).Str("conversation", string(c.ID)).Msg("followers were not told of the newest entry")
		return
	}
	c.newest.Store(&newest{tail.Last, protocol.Frame(protocol.Last{Conversation: c.ID, Last: tail.Last, Time: tail.Time})})
	for _, m := range c.followers {
		m.Wake()
	}
}

func (c *Conversation) scheduleNext(now time.Time) {
	if len(c.leaving) > 0 {
		c.loop.schedule(c, c.leaving[0].leaveAt)
	}
	if len(c.dirty.parts) > 0 {
		c.loop.schedule(c, now.Add(tick))
	}
	for _, k := range c.dirty.marks {
		c.loop.schedule(c, k.toldAt.Add(atMost))
	}
	if c.dirty.count || c.dirty.list {
		c.loop.schedule(c, c.countedAt.Add(atMost))
	}
	if c.dirty.last {
		c.loop.schedule(c, c.lastAt.Add(atMost))
	}
	if !c.publishedAt.IsZero() {
		c.loop.schedule(c, c.publishedAt.Add(ringIdle))
	}
}

// Newest gives the `last` frame for a follower that knows of the entries up to known; nil where there is none.
func (m *Member) Newest(known protocol.Seq) ([]byte, protocol.Seq) {
	n := m.Conversation.newest.Load()
	if n == nil || n.seq <= known {
		return nil, known
	}
	return n.frame, n.seq
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
