package hub

import (
	"slices"
	"sync"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Conversation is a live conversation: one with members, or one that had them a moment ago. Each of its parts has a
// file of its own. Its methods run on its shard, which owns it. Sessions read it through their Member.
type Conversation struct {
	// Fixed after newConversation.
	ID    protocol.ConversationID
	shard *shard

	load sync.Once // of marks, by the session that joins first

	// Written by the shard; what of them is atomic, sessions read.
	ring     ring
	ephemera ephemera
	presence presence
	last     lastNotice

	// Owned by the shard, but for marks before the first command.
	gone        bool // it is out of the table, for ever
	wakes       wakeList
	followers   memberList
	sessions    map[protocol.UserID][]*Member // the reading and following members of each user
	marks       readMarks
	publishedAt time.Time // when an entry came last; zero: the ring is empty
	dueAt       time.Time // when flush comes; zero: never
	dueIndex    int       // its place in the shard's heap
}

func newConversation(id protocol.ConversationID, s *shard) *Conversation {
	return &Conversation{ID: id, shard: s, presence: presence{names: s.names}}
}

// publish puts new entries on the ring and wakes the members.
//
// A session that has sent one of the entries leaves its ack to this wake (session/completion.go). Hence every publish
// wakes each member, even if it brings nothing new.
func (c *Conversation) publish(b *persistence.Entries) {
	if len(c.wakes.members) > 0 {
		c.shard.wake(c)
	}
	if !c.ring.put(b) {
		return
	}

	now := time.Now()
	c.publishedAt = now
	c.shard.schedule(c, now.Add(ringIdle))
	if len(c.followers) > 0 {
		c.shard.schedule(c, c.last.note(now))
	}
}

// nudge wakes all members, whether there is anything new or not. Followers are few, and few changes nudge.
func (c *Conversation) nudge() {
	if len(c.wakes.members) > 0 {
		c.shard.wake(c)
	}
	for _, m := range c.followers {
		m.Wake()
	}
}

// Snapshot is what a join shows of a conversation's ephemeral state.
type Snapshot struct {
	Online []byte       // a JSON array of at most Options.Names users, sorted by bytes
	Count  int          // users that are present
	Reads  []byte       // a JSON object: the others' read marks, at most Options.Names
	Read   protocol.Seq // the user's own mark; 0: none

	gone bool // the conversation has ended: join its successor
}

func (c *Conversation) join(m *Member) Snapshot {
	c.shard.members.Add(1)
	m.hint = c.ring.next.Load()
	m.ephemera.begin(&c.ephemera)
	if m.Kind == Following {
		c.followers.add(m)
	} else {
		c.wakes.members.add(m)
	}

	if m.Kind == Reading && c.presence.arrive(m.User) {
		c.userChanged(m.User, eventJoined)
	}
	m.ephemera.joinedAt = c.ephemera.events
	if m.Kind == Waiting {
		return Snapshot{}
	}

	if c.sessions == nil {
		c.sessions = make(map[protocol.UserID][]*Member)
	}
	c.sessions[m.User] = append(c.sessions[m.User], m)
	self := m.User
	if m.Kind == Following {
		self = "" // it is not present
	}
	return Snapshot{
		Online: c.presence.online(self), Count: len(c.presence.users),
		Reads: c.marks.shown(m.User), Read: c.marks.of(m.User),
	}
}

func (c *Conversation) leave(m *Member) {
	if !c.remove(m) {
		return // it left before
	}

	now := time.Now()
	c.shard.members.Add(-1)
	if m.Kind != Waiting {
		c.forgetSession(m)
	}
	if m.Kind == Reading {
		c.shard.schedule(c, c.presence.depart(m.User, now))
	}
	c.shard.schedule(c, now.Add(tick)) // so that a conversation without members ends
}

// remove takes a member out of its list, and reports whether it was there.
func (c *Conversation) remove(m *Member) bool {
	if m.Kind == Following {
		_, found := c.followers.remove(m)
		return found
	}
	return c.wakes.remove(m)
}

func (c *Conversation) forgetSession(m *Member) {
	rest := slices.DeleteFunc(c.sessions[m.User], func(other *Member) bool { return other == m })
	if len(rest) == 0 {
		delete(c.sessions, m.User)
		return
	}
	c.sessions[m.User] = rest
}

// userChanged tells that a user joined or left: as an event in a small conversation, as a number in a crowd.
func (c *Conversation) userChanged(name protocol.UserID, event string) {
	c.ephemera.event()
	if !c.presence.changed(name, event) {
		c.shard.schedule(c, later(time.Now().Add(tick), c.presence.toldAt.Add(minGap)))
		return
	}
	frame := protocol.Presence{Conversation: c.ID, User: name, Event: event, Count: len(c.presence.users)}
	c.tell(part{about: name, frame: protocol.Frame(frame)})
}

// tell puts a part into the next tick, and schedules it.
func (c *Conversation) tell(p part) {
	c.ephemera.add(p)
	c.shard.schedule(c, time.Now().Add(tick))
}

// typed tells the others that the member's user is typing.
func (c *Conversation) typed(m *Member) {
	if !c.presence.typed(m.User, time.Now()) {
		return
	}
	name := c.presence.users[m.User].name // m's own goes with its session
	c.ephemera.event()
	c.tell(part{about: name, frame: protocol.Frame(protocol.Typing{Conversation: c.ID, User: name})})
}

// read moves a user's read mark. It is stored at once, and nobody waits for that; the others are told on a tick.
func (c *Conversation) read(m *Member, seq protocol.Seq) {
	k, pends := c.marks.move(m.User, seq, &m.ephemera)
	if k == nil {
		return
	}

	c.shard.store.Mark(c.ID, m.User, seq)
	c.ephemera.event()
	if pends {
		c.shard.schedule(c, later(time.Now().Add(tick), k.due()))
	}
}

// resync makes all ephemeral state for a session that fell behind.
func (c *Conversation) resync(m *Member) {
	crowd := c.presence.crowd()
	frames := c.presenceFrame(!crowd)
	if !crowd { // a crowd is told of its own marks alone, and no session falls behind them
		for _, k := range c.marks.topMarks {
			if !k.toldAt.IsZero() { // it has moved since the conversation came to life
				frames = append(frames, c.markFrame(k)...)
			}
		}
	}
	m.ephemera.catchUp.Store(&catchUp{frames: frames, seen: c.ephemera.next.Load()})
	m.Wake()
}

func (c *Conversation) presenceFrame(list bool) []byte {
	p := protocol.Presence{Conversation: c.ID, Count: len(c.presence.users)}
	if list {
		p.Online = c.presence.online("")
	}
	return protocol.Frame(p)
}

func (c *Conversation) markFrame(k *mark) []byte {
	return protocol.Frame(protocol.Read{Conversation: c.ID, User: k.name, Seq: k.seq})
}
