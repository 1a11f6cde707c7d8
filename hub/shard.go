package hub

import (
	"container/heap"
	"context"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/protocol"
)

// maxCommands bounds a shard's queue. If it is full, writers and sessions wait for the shard, which waits for nobody.
const maxCommands = 1024

// shard is a share of the live conversations, and the one goroutine that changes them. What it does to a conversation
// comes as a command, or is due at a time.
type shard struct {
	// Fixed after New.
	store    *persistence.Store
	names    int // Options.Names
	log      zerolog.Logger
	table    *table
	commands chan command // never closed

	members atomic.Int64 // of its conversations, together; written by run, read by any goroutine

	// Owned by run.
	waking []*Conversation // whose members are being woken, in turn
	due    dueHeap         // conversations with something to flush later
	timer  *time.Timer
	armed  time.Time // what the timer is set for; zero: it is stopped
}

type kind uint8

const (
	publish kind = iota
	join
	leave
	typing
	read
	resync
	nudge // wakes all members, followers too
)

// command is one thing that a shard does to one of its conversations.
type command struct {
	kind         kind
	conversation *Conversation
	member       *Member
	entries      *persistence.Entries
	seq          protocol.Seq
	reply        chan Snapshot // join; capacity 1
}

// run serves until ctx ends.
func (s *shard) run(ctx context.Context) {
	s.timer = time.NewTimer(time.Hour)
	s.timer.Stop()
	defer s.timer.Stop()
	for {
		if len(s.waking) > 0 {
			s.wakeSome()
			if !s.queued() {
				continue
			}
		}
		select {
		case c := <-s.commands:
			s.do(c)
		case <-s.timer.C:
			s.armed = time.Time{}
			s.flush()
		case <-ctx.Done():
			return
		}
		for range maxCommands / 4 { // gather what has come, so that one pass of wakes serves it all
			if !s.queued() {
				break
			}
			s.do(<-s.commands)
		}
		s.arm()
	}
}

// queued reports whether a command waits, so that taking it does not; only this goroutine takes any.
func (s *shard) queued() bool { return len(s.commands) > 0 }

func (s *shard) do(cmd command) {
	c := cmd.conversation
	if c.gone {
		if cmd.kind == join {
			cmd.reply <- Snapshot{gone: true}
		}
		return
	}
	switch cmd.kind {
	case publish:
		c.publish(cmd.entries)
	case join:
		cmd.reply <- c.join(cmd.member)
	case leave:
		c.leave(cmd.member)
	case typing:
		c.typed(cmd.member)
	case read:
		c.read(cmd.member, cmd.seq)
	case resync:
		c.resync(cmd.member)
	case nudge:
		c.nudge()
	}
}

// wake queues a conversation for the passes that wake its members.
func (s *shard) wake(c *Conversation) {
	if c.wakes.begin() {
		s.waking = append(s.waking, c)
	}
}

// wakeSome wakes some members of the conversation whose turn it is.
func (s *shard) wakeSome() {
	c := s.waking[0]
	s.waking = append(s.waking[:0], s.waking[1:]...)
	if c.wakes.step() {
		s.waking = append(s.waking, c)
	}
}

// schedule makes sure that the conversation is flushed at that time or before. The zero time means never.
func (s *shard) schedule(c *Conversation, at time.Time) {
	switch {
	case at.IsZero():
	case c.dueAt.IsZero():
		c.dueAt = at
		heap.Push(&s.due, c)
	case at.Before(c.dueAt):
		c.dueAt = at
		heap.Fix(&s.due, c.dueIndex)
	}
}

// flush serves every conversation whose time has come.
func (s *shard) flush() {
	now := time.Now()
	for len(s.due) > 0 && !s.due[0].dueAt.After(now) {
		c := heap.Pop(&s.due).(*Conversation)
		c.dueAt = time.Time{}
		c.flush(now)
	}
}

// arm sets the timer for the conversation that is due first. If nothing is due, the shard sleeps without a timer.
func (s *shard) arm() {
	var next time.Time
	if len(s.due) > 0 {
		next = s.due[0].dueAt
	}
	switch {
	case next.Equal(s.armed):
		return
	case next.IsZero():
		s.timer.Stop()
	default:
		s.timer.Reset(time.Until(next))
	}
	s.armed = next
}

// dueHeap orders conversations by dueAt (container/heap).
type dueHeap []*Conversation

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, k int) bool { return h[i].dueAt.Before(h[k].dueAt) }

func (h dueHeap) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].dueIndex = i
	h[k].dueIndex = k
}

func (h *dueHeap) Push(x any) {
	c := x.(*Conversation)
	c.dueIndex = len(*h)
	*h = append(*h, c)
}

func (h *dueHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return c
}
