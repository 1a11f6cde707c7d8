// Package hub fans committed entries out to the sessions of each conversation, and knows who is there.
//
// A live conversation belongs to one hub goroutine (a loop), by hash; there are as many loops as cores. The loop puts
// each committed batch on the conversation's ring and wakes the members; a member's session then reads the ring at its
// own pace. Nothing is queued for a session, so a slow one harms nobody. What is not recorded (presence, typing, read
// marks, `last`) is state with dirty flags, flushed on a tick, one piece for each conversation and tick.
//
// # Concurrency
//
// All methods of Hub may be called from any goroutine. Those that change a conversation post a command to its loop;
// they wait for room in the loop's queue, and a loop never waits for a disk, a network or a session. What sessions
// read (the ring, the ephemera) is published through atomics: no lock is shared by a crowd.
package hub

import (
	"context"
	"hash/maphash"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Options are a hub's settings.
type Options struct {
	Names      int // users in a list; above it a conversation is a crowd. 0: protocol.DefaultLimits
	Goroutines int // 0: one a core
	Log        zerolog.Logger
}

// Hub is all live conversations of this node.
type Hub struct {
	// Fixed after New.
	store *persistence.Store
	names int
	log   zerolog.Logger
	seed  maphash.Seed
	loops []*loop
	done  chan struct{} // closed when Run has ended; posts are dropped from then on

	shards [liveShards]liveShard
	stats  struct{ conversations, members atomic.Int64 }
}

const liveShards = 64

// liveShard is a part of the table of live conversations.
type liveShard struct {
	mu   sync.RWMutex
	live map[protocol.ConversationID]*Conversation
}

// Stats is the hub's present state.
type Stats struct {
	Conversations int64 // that have members, or had them a moment ago
	Members       int64 // joins of all sessions together
	Queued        int64 // commands that wait for a loop
}

// New makes a hub that reads tails and read marks from the store. Run must be called for anything to happen.
func New(store *persistence.Store, o Options) *Hub {
	if o.Names == 0 {
		o.Names = protocol.DefaultLimits().Names
	}
	if o.Goroutines == 0 {
		o.Goroutines = runtime.GOMAXPROCS(0)
	}
	h := &Hub{store: store, names: o.Names, log: o.Log, seed: maphash.MakeSeed(), done: make(chan struct{})}
	for range o.Goroutines {
		h.loops = append(h.loops, &loop{hub: h, commands: make(chan command, maxCommands)})
	}
	for i := range h.shards {
		h.shards[i].live = make(map[protocol.ConversationID]*Conversation)
	}
	return h
}

// Run serves until ctx ends, and returns when its goroutines are gone. Sessions must have ended before.
func (h *Hub) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for _, l := range h.loops {
		loops.Go(func() { l.run(ctx) }) // Run's own; waits for commands and its timer; ends with ctx
	}
	loops.Wait()
	close(h.done)
	return ctx.Err()
}

// Stats gives the present state; it waits for nothing.
func (h *Hub) Stats() Stats {
	s := Stats{Conversations: h.stats.conversations.Load(), Members: h.stats.members.Load()}
	for _, l := range h.loops {
		s.Queued += int64(len(l.commands))
	}
	return s
}

// Publish implements persistence.Publisher. Where nobody is there it costs a look into a table.
func (h *Hub) Publish(id protocol.ConversationID, batch *persistence.Batch) {
	if c := h.find(id); c != nil {
		h.post(command{kind: publish, conversation: c, batch: batch})
	}
}

// Online says how many users are in a conversation.
func (h *Hub) Online(id protocol.ConversationID) int {
	if c := h.find(id); c != nil {
		return int(c.count.Load())
	}
	return 0
}

// Join makes m a member of its conversation: from now on it is woken for what is new. The snapshot shows who is there,
// m's user among them. A session reads the conversation's tail after Join, so that no entry falls between the two.
func (h *Hub) Join(m *Member, id protocol.ConversationID) Snapshot {
	reply := make(chan Snapshot, 1) // one snapshot is sent, or none where the hub has ended
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

// Leave ends a membership. Wakes may come until the loop has seen it.
func (h *Hub) Leave(m *Member) { h.post(command{kind: leave, conversation: m.Conversation, member: m}) }

// Typing tells the others that m's user is writing.
func (h *Hub) Typing(m *Member) {
	h.post(command{kind: typing, conversation: m.Conversation, member: m})
}

// Read moves the read mark of m's user up to seq. It never goes back.
func (h *Hub) Read(m *Member, seq protocol.Seq) {
	h.post(command{kind: read, conversation: m.Conversation, member: m, seq: seq})
}

// Resync asks for all of a conversation's ephemeral state anew, for a session that fell behind it.
func (h *Hub) Resync(m *Member) {
	h.post(command{kind: resync, conversation: m.Conversation, member: m})
}

// Wait returns nil when the conversation's last seq is above after, or ctx's error.
func (h *Hub) Wait(ctx context.Context, id protocol.ConversationID, after protocol.Seq) error {
	w := &waiter{wake: make(chan struct{}, 1)}
	m := &Member{Kind: Waiting, Waker: w}
	h.Join(m, id)
	defer h.Leave(m)
	for {
		m.Awake()
		tail, err := h.store.Tail(id)
		if err != nil || tail.Last > after {
			return err
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-h.done:
			return context.Canceled
		}
	}
}

// waiter wakes a goroutine; its channel has capacity 1 and is never closed, so that no wake is lost.
type waiter struct{ wake chan struct{} }

func (w *waiter) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // one is pending
	}
}

func (h *Hub) post(c command) {
	select {
	case c.conversation.loop.commands <- c:
	case <-h.done:
	}
}

func (h *Hub) find(id protocol.ConversationID) *Conversation {
	sh := &h.shards[maphash.String(h.seed, string(id))%liveShards]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.live[id]
}

// live finds or makes the live conversation. The table holds it before anybody reads its tail, so that every entry is
// either below that tail or published to it.
func (h *Hub) live(id protocol.ConversationID) *Conversation {
	hash := maphash.String(h.seed, string(id))
	sh := &h.shards[hash%liveShards]
	sh.mu.Lock()
	c := sh.live[id]
	if c == nil {
		id = protocol.ConversationID(strings.Clone(string(id)))
		c = newConversation(id, h.loops[hash/liveShards%uint64(len(h.loops))])
		sh.live[id] = c
		h.stats.conversations.Add(1)
	}
	sh.mu.Unlock()
	c.load.Do(func() { c.setMarks(h.loadMarks(id)) }) // before any command of it is posted
	return c
}

// loadMarks reads the read marks; without them the conversation works, so a failure is told and no more.
func (h *Hub) loadMarks(id protocol.ConversationID) map[protocol.UserID]*mark {
	stored, err := h.store.Marks(id)
	if err != nil {
		h.log.Error().Err(err).Str("conversation", string(id)).Msg("read marks could not be loaded: they begin anew")
	}
	marks := make(map[protocol.UserID]*mark, len(stored))
	for user, seq := range stored {
		marks[user] = &mark{name: user, seq: seq}
	}
	return marks
}

// forget takes a conversation out of the table. Only its loop calls it.
func (h *Hub) forget(c *Conversation) {
	sh := &h.shards[maphash.String(h.seed, string(c.ID))%liveShards]
	sh.mu.Lock()
	if sh.live[c.ID] == c {
		delete(sh.live, c.ID)
	}
	sh.mu.Unlock()
	h.stats.conversations.Add(-1)
}
