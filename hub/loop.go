package hub

import (
	"container/heap"
	"context"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	// maxCommands bounds a loop's queue. Where it is full, writers and sessions wait for the loop, which waits for nobody.
	maxCommands = 1024

	// wakeRun is how many members are woken before other conversations get a turn: 10,000 sleepers take 1.9 ms.
	wakeRun = 256
)

type kind uint8

const (
	publish kind = iota
	join
	leave
	typing
	read
	resync
)

// command is one thing that a loop does to one of its conversations.
type command struct {
	kind         kind
	conversation *Conversation
	member       *Member
	batch        *persistence.Batch
	seq          protocol.Seq
	reply        chan Snapshot // join; capacity 1
}

// loop is one hub goroutine: it owns its conversations' members, presence and marks.
type loop struct {
	hub      *Hub
	commands chan command // never closed

	// Owned by run.
	waking []*Conversation // whose members are being woken, in turn
	due    dueHeap         // conversations with something to flush later
	timer  *time.Timer
	armed  time.Time // what the timer is set for; zero: it is stopped
}

func (l *loop) run(ctx context.Context) {
	l.timer = time.NewTimer(time.Hour)
	l.timer.Stop()
	defer l.timer.Stop()
	for {
		if len(l.waking) > 0 {
			l.wakeSome()
			if !l.some() {
				continue
			}
		}
		select {
		case c := <-l.commands:
			l.do(c)
		case <-l.timer.C:
			l.armed = time.Time{}
			l.flush()
		case <-ctx.Done():
			return
		}
		for range maxCommands / 4 { // gather what has come, so that one pass of wakes serves it all
			if !l.some() {
				break
			}
			l.do(<-l.commands)
		}
		l.arm()
	}
}

// some says whether a command waits, so that taking it does not; only this goroutine takes any.
func (l *loop) some() bool { return len(l.commands) > 0 }

func (l *loop) do(cmd command) {
	c := cmd.conversation
	if c.gone {
		if cmd.kind == join {
			cmd.reply <- Snapshot{gone: true}
		}
		return
	}
	switch cmd.kind {
	case publish:
		c.publish(cmd.batch)
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
	}
}

// wake enters a conversation's members into the passes of wakes. What comes while a pass is under way needs another
// one, in which those who have not slept meanwhile cost one atomic load.
func (l *loop) wake(c *Conversation) {
	if c.passing {
		c.again = true
		return
	}
	c.passing, c.passed = true, 0
	l.waking = append(l.waking, c)
}

func (l *loop) wakeSome() {
	c := l.waking[0]
	l.waking = append(l.waking[:0], l.waking[1:]...)
	end := min(c.passed+wakeRun, len(c.members))
	for _, m := range c.members[min(c.passed, end):end] {
		m.Wake()
	}
	c.passed = end
	if end >= len(c.members) {
		c.passed = 0
		c.passing = c.again
		c.again = false
	}
	if c.passing {
		l.waking = append(l.waking, c)
	}
}

// schedule sees to it that the conversation is flushed at that time or before.
func (l *loop) schedule(c *Conversation, at time.Time) {
	switch {
	case c.dueAt.IsZero():
		c.dueAt = at
		heap.Push(&l.due, c)
	case at.Before(c.dueAt):
		c.dueAt = at
		heap.Fix(&l.due, c.dueIndex)
	}
}

// flush serves every conversation whose time has come.
func (l *loop) flush() {
	now := time.Now()
	for len(l.due) > 0 && !l.due[0].dueAt.After(now) {
		c := heap.Pop(&l.due).(*Conversation)
		c.dueAt = time.Time{}
		c.flush(now)
	}
}

// arm sets the timer for the conversation that is due first. With nothing due the loop sleeps without a timer.
func (l *loop) arm() {
	var next time.Time
	if len(l.due) > 0 {
		next = l.due[0].dueAt
	}
	switch {
	case next.Equal(l.armed):
		return
	case next.IsZero():
		l.timer.Stop()
	default:
		l.timer.Reset(time.Until(next))
	}
	l.armed = next
}

// dueHeap orders conversations by dueAt (container/heap).
type dueHeap []*Conversation

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, k int) bool { return h[i].dueAt.Before(h[k].dueAt) }
func (h dueHeap) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].dueIndex, h[k].dueIndex = i, k
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
