// Package hub fans committed entries out to the sessions of each conversation, and knows who is there.
//
// A live conversation belongs to one shard, by hash. A shard is one goroutine, and there are as many as cores. It puts
// each commit's entries on the conversation's ring and wakes the members; a member's session then reads the ring at its
// own pace. Nothing is queued for a session, so a slow one harms nobody. What is not recorded (presence, typing, read
// marks, `last`) is state that is marked as changed and flushed on a tick: one frame for each conversation and tick.
//
// # Concurrency
//
// All methods of Hub may be called from any goroutine. Those that change a conversation post a command to its shard and
// wait for room in the shard's queue. A shard never waits for a disk, a network or a session. What sessions read (the
// ring, the ephemera, the newest `last`) is published through atomics: a crowd shares no lock.
package hub

import (
	"context"
	"runtime"
	"sync"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/wake"
)

// Options are a hub's settings.
type Options struct {
	Names      int            // users in a list; above it a conversation is a crowd. 0: protocol.DefaultLimits
	Goroutines int            // shards; 0: one for each core
	Log        zerolog.Logger // for what failed and no session is told of
}

// Hub is all live conversations of this node.
type Hub struct {
	// Fixed after New.
	store  *persistence.Store
	names  int
	log    zerolog.Logger
	table  *table
	shards []*shard
	done   chan struct{} // closed when Run has ended; commands are dropped from then on
}

// Stats is the hub's present state.
type Stats struct {
	Conversations int64 // that have members, or had them a moment ago
	Members       int64 // joins of all sessions together
	Queued        int64 // commands that wait for a shard
}

// New makes a hub that reads tails and read marks from the store. Nothing happens before Run is called.
func New(store *persistence.Store, o Options) *Hub {
	if o.Names == 0 {
		o.Names = protocol.DefaultLimits().Names
	}
	if o.Goroutines == 0 {
		o.Goroutines = runtime.GOMAXPROCS(0)
	}

	h := &Hub{store: store, names: o.Names, log: o.Log, table: newTable(), done: make(chan struct{})}
	for range o.Goroutines {
		h.shards = append(h.shards, &shard{
			store: store, names: o.Names, log: o.Log, table: h.table, commands: make(chan command, maxCommands),
		})
	}
	return h
}

// Run serves until ctx ends, and returns when its goroutines are gone. Sessions must have ended before.
func (h *Hub) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, s := range h.shards {
		running.Go(func() { s.run(ctx) }) // Run's own; waits for commands and its timer; ends with ctx
	}
	running.Wait()
	close(h.done)
	return ctx.Err()
}

// Stats returns the present state. It waits for nothing.
func (h *Hub) Stats() Stats {
	stats := Stats{Conversations: h.table.size.Load()}
	for _, s := range h.shards {
		stats.Members += s.members.Load()
		stats.Queued += int64(len(s.commands))
	}
	return stats
}

// Publish implements persistence.Publisher. If the conversation has no members, it costs a look into a table. Otherwise
// each member is woken after it.
func (h *Hub) Publish(id protocol.ConversationID, entries *persistence.Entries) {
	if c := h.table.find(id); c != nil {
		h.post(command{kind: publish, conversation: c, entries: entries})
	}
}

// WakeAll wakes all members of all conversations, so that each looks whether it may still be there. It waits for room
// in the shards' queues.
func (h *Hub) WakeAll() {
	for c := range h.table.all() {
		h.post(command{kind: nudge, conversation: c})
	}
}

// Online returns how many users are in a conversation.
func (h *Hub) Online(id protocol.ConversationID) int {
	if c := h.table.find(id); c != nil {
		return int(c.presence.count.Load())
	}
	return 0
}

// Join makes m a member of its conversation: from now on it is woken for what is new. The snapshot shows who is there,
// m's user among them. A session reads the conversation's tail after Join, so that no entry falls between the two.
func (h *Hub) Join(m *Member, id protocol.ConversationID) Snapshot {
	reply := make(chan Snapshot, 1) // one snapshot is sent, or none if the hub has ended
	for {
		c := h.live(id)
		m.Conversation = c
		h.post(command{kind: join, conversation: c, member: m, reply: reply})
		select {
		case s := <-reply:
			if !s.gone {
				return s
			}
		case <-h.done:
			return Snapshot{Online: []byte("[]"), Reads: []byte("{}")}
		}
	}
}

// Leave ends a membership. Wakes may come until the shard has seen it.
func (h *Hub) Leave(m *Member) { h.post(command{kind: leave, conversation: m.Conversation, member: m}) }

// Typing tells the others that m's user is writing.
func (h *Hub) Typing(m *Member) {
	h.post(command{kind: typing, conversation: m.Conversation, member: m})
}

// Read moves the read mark of m's user up to seq. It never goes back.
func (h *Hub) Read(m *Member, seq protocol.Seq) {
	h.post(command{kind: read, conversation: m.Conversation, member: m, seq: seq})
}

// Resync asks for all of a conversation's ephemeral state, for a session that fell behind (Member.Ephemera).
func (h *Hub) Resync(m *Member) {
	h.post(command{kind: resync, conversation: m.Conversation, member: m})
}

// Wait returns nil when the conversation's last seq is above after. It returns an error if ctx ends first, if the tail
// cannot be read, or if the hub has ended.
func (h *Hub) Wait(ctx context.Context, id protocol.ConversationID, after protocol.Seq) error {
	woken := wake.New()
	m := &Member{Kind: Waiting, Waker: woken}
	h.Join(m, id)
	defer h.Leave(m)
	for {
		m.Awake()
		tail, err := h.store.Tail(id)
		if err != nil || tail.Last > after {
			return err
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return ctx.Err()
		case <-h.done:
			return context.Canceled
		}
	}
}

// post queues a command for the conversation's shard, and waits for room in its queue. After the hub has ended, the
// command is dropped.
func (h *Hub) post(c command) {
	select {
	case c.conversation.shard.commands <- c:
	case <-h.done:
	}
}

// live finds or makes the live conversation. The table holds it before anybody reads its tail, so that every entry is
// either below that tail or published to it.
func (h *Hub) live(id protocol.ConversationID) *Conversation {
	c := h.table.findOrMake(id, func(id protocol.ConversationID, spread uint64) *Conversation {
		return newConversation(id, h.shards[spread%uint64(len(h.shards))])
	})
	c.load.Do(func() { c.marks.fill(h.storedMarks(c.ID), h.names) }) // before any command of it is posted
	return c
}

// storedMarks reads the read marks of a conversation. It works without them, so a failure is logged and no more.
func (h *Hub) storedMarks(id protocol.ConversationID) map[protocol.UserID]protocol.Seq {
	stored, err := h.store.Marks(id)
	if err != nil {
		h.log.Error().Err(err).Str("conversation", string(id)).
			Msg("read marks could not be loaded: they start from zero")
	}
	return stored
}
