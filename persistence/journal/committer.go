package journal

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

const (
	// maxGroup is how many bytes of lines one block of the journal takes, about.
	maxGroup = 4 << 20
	// MarkDelay is how long a read mark waits at most for a group that takes it along.
	MarkDelay = time.Second
	// StallTimeout is how long a send waits without any progress before it is refused.
	StallTimeout = 5 * time.Second
)

// Proposal is lines on their way to the disk. The committer answers exactly once, and from then on leaves it to its
// maker.
type Proposal struct {
	LinesItem
	Owner Owner
	Err   error // the answer; nil: the lines are on the disk

	answered *sync.WaitGroup // the maker's
}

// Owner is told that its proposal is on the disk.
type Owner interface {
	// Committed makes the lines readable. The committer calls it before it answers, for one proposal after another, in
	// the journal's order. It must not wait.
	Committed()
}

func (p *Proposal) answer(err error) {
	p.Err = err
	p.answered.Done()
}

// committer is the only one that writes the journal, in one goroutine: what gathers while one group is being
// synced is the next group, whatever conversations it is of.
type committer struct {
	w       *writer // its write side is the committer's
	full    func()  // asks for a checkpoint
	observe func(entries, bytes int, took time.Duration)
	yield   func()
	log     zerolog.Logger
	retry   time.Duration
	ctx     context.Context // ends when the record is closed

	wake chan struct{} // capacity 1, never closed: there is something to do

	mu sync.Mutex
	// Guarded by mu.
	queue   []*Proposal
	marks   map[markKey]MarkItem
	rotates []chan uint64 // capacity 1 each: who wants the current segment ended
	closed  bool
	down    error // why nothing can be recorded, or nil
}

type markKey struct {
	conversation protocol.ConversationID
	user         protocol.UserID
}

// submit hands runs over, in one piece where they are small. Each is answered.
func (k *committer) submit(runs []*Proposal, answered *sync.WaitGroup) {
	for _, p := range runs {
		p.answered = answered
	}
	if err := k.enqueue(runs); err != nil {
		for _, p := range runs {
			p.answer(err)
		}
	}
}

func (k *committer) enqueue(runs []*Proposal) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return ErrClosed
	}
	if k.down != nil {
		return k.down
	}
	k.queue = append(k.queue, runs...)
	k.signal()
	return nil
}

// mark takes a read mark along with the next group, or writes it within MarkDelay.
func (k *committer) mark(m MarkItem) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.marks) == 0 {
		k.signal()
	}
	k.marks[markKey{m.Conversation, m.User}] = m
}

// rotate ends the current segment, and returns its number: what was committed before is in segments up to that, and
// what comes after is not.
func (k *committer) rotate() (uint64, error) {
	answer := make(chan uint64, 1)
	k.mu.Lock()
	k.rotates = append(k.rotates, answer)
	k.signal()
	k.mu.Unlock()
	select {
	case number := <-answer:
		return number, nil
	case <-k.ctx.Done():
		return 0, ErrClosed
	}
}

func (k *committer) signal() {
	select {
	case k.wake <- struct{}{}:
	default: // one is pending
	}
}

func (k *committer) state() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.down
}

// end seals the current segment, and returns the last number that is in use.
func (k *committer) end() uint64 {
	k.w.seal()
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	if n := len(k.w.live); n > 0 {
		return k.w.live[n-1].number
	}
	return 0
}

// close makes run end once the queue is empty; nothing is taken any more.
func (k *committer) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.signal()
}
