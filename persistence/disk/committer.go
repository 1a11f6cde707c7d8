package disk

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
	// markDelay is how long a read mark waits for a group that takes it along.
	markDelay = time.Second
	// standstill is how long a send waits while nothing moves before it is refused.
	standstill = 5 * time.Second
)

// proposal is a run on its way to the disk. The committer answers exactly once, and from then on leaves it to its maker.
type proposal struct {
	run
	c        *conversation
	created  bool
	answered *sync.WaitGroup // the maker's
	err      error           // the answer
}

func (p *proposal) answer(err error) {
	p.err = err
	p.answered.Done()
}

// committer is the only one that writes the journal, in one goroutine: what gathers while one group is being
// synced is the next group, whatever conversations it is of.
type committer struct {
	j       *journal        // its write side is the committer's
	publish func(*proposal) // makes a synced run readable
	full    func()          // asks for a checkpoint
	observe func(entries, bytes int, took time.Duration)
	yield   func()
	log     zerolog.Logger
	retry   time.Duration
	ctx     context.Context // ends when the record is closed

	wake chan struct{} // capacity 1, never closed: there is something to do

	mu sync.Mutex
	// Guarded by mu.
	queue   []*proposal
	marks   map[markKey]markItem
	rotates []chan uint64 // capacity 1 each: who wants the current segment ended
	closed  bool
	down    error // why nothing can be recorded; nil: all is well
}

type markKey struct {
	conversation protocol.ConversationID
	user         protocol.UserID
}

// submit hands runs over, in one piece where they are small. Each is answered.
func (k *committer) submit(runs []*proposal, answered *sync.WaitGroup) {
	for _, p := range runs {
		p.answered = answered
	}
	if err := k.enqueue(runs); err != nil {
		for _, p := range runs {
			p.answer(err)
		}
	}
}

func (k *committer) enqueue(runs []*proposal) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return errClosed
	}
	if k.down != nil {
		return k.down
	}
	k.queue = append(k.queue, runs...)
	k.signal()
	return nil
}

// mark takes a read mark along with the next group, or writes it within markDelay.
func (k *committer) mark(m markItem) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.marks) == 0 {
		k.signal()
	}
	k.marks[markKey{m.conversation, m.user}] = m
}

// rotate ends the current segment: what was published before is in segments up to the number that it gives, and
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
		return 0, errClosed
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

// end seals the current segment, and gives the last number that is in use.
func (k *committer) end() uint64 {
	k.j.seal()
	k.j.mu.Lock()
	defer k.j.mu.Unlock()
	if n := len(k.j.live); n > 0 {
		return k.j.live[n-1].number
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
