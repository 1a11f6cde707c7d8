package disk

import (
	"context"
	"errors"
	"runtime"
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

// proposal is a run on its way to the disk. Its maker waits for done; the committer answers exactly once.
type proposal struct {
	run
	c       *conversation
	created bool
	done    chan error // capacity 1
}

// committer is the only one that writes the journal, in one goroutine: what gathers while one group is being
// synced is the next group, whatever conversations it is of.
type committer struct {
	j       *journal        // its write side is the committer's
	publish func(*proposal) // makes a synced run readable
	full    func()          // asks for a checkpoint
	observe func(entries, bytes int, took time.Duration)
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

// submit hands a run over. After an error it was not taken.
func (k *committer) submit(p *proposal) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return errClosed
	}
	if k.down != nil {
		return k.down
	}
	k.queue = append(k.queue, p)
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

// work is what the committer takes off its queue at once.
type work struct {
	group   []*proposal
	marks   []markItem
	rotates []chan uint64
	more    bool // the queue is not empty
	closed  bool
}

// gather takes the next group. Marks alone make none unless they are due.
func (k *committer) gather(marksDue bool) (w work) {
	k.mu.Lock()
	defer k.mu.Unlock()
	size, n := 0, 0
	for n < len(k.queue) && (n == 0 || size+len(k.queue[n].lines) <= maxGroup) {
		size += len(k.queue[n].lines) + 256
		n++
	}
	w.group = k.queue[:n:n]
	k.queue = k.queue[n:]
	if len(k.queue) == 0 {
		k.queue = nil
	}
	if len(k.marks) > 0 && (n > 0 || marksDue) && k.down == nil {
		for _, m := range k.marks {
			w.marks = append(w.marks, m)
		}
		clear(k.marks)
	}
	w.rotates, k.rotates = k.rotates, nil
	w.more, w.closed = len(k.queue) > 0, k.closed
	return w
}

// run ends when the record is closed and the queue is empty. It waits for work, for the disk, for marks to
// be due, and while the disk refuses for the time to try again.
func (k *committer) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var marksAt time.Time // when waiting marks are due; zero: none wait
	for busy := false; ; {
		if busy {
			// Whoever was woken by the last group may have the next message ready: let them run first. It costs
			// nothing where nobody is.
			runtime.Gosched()
		}
		w := k.gather(!marksAt.IsZero() && !time.Now().Before(marksAt))
		if len(w.group)+len(w.marks) > 0 {
			k.commit(w)
		}
		for _, answer := range w.rotates {
			answer <- k.end()
		}
		if busy = len(w.group) > 0; busy || w.more {
			continue
		}
		if w.closed {
			return
		}
		marksAt = k.wait(timer, marksAt)
	}
}

// wait returns when there may be something to do.
func (k *committer) wait(timer *time.Timer, marksAt time.Time) time.Time {
	k.mu.Lock()
	marks, down := len(k.marks) > 0, k.down != nil
	k.mu.Unlock()
	if !marks {
		marksAt = time.Time{}
	} else if marksAt.IsZero() {
		marksAt = time.Now().Add(markDelay)
	}
	delay := time.Hour
	if down {
		delay = k.retry
	} else if marks {
		delay = time.Until(marksAt)
	}
	timer.Reset(delay)
	select {
	case <-k.wake:
	case <-timer.C:
		if down {
			k.recover()
		}
	}
	return marksAt
}

// commit writes one group and answers its makers.
func (k *committer) commit(w work) {
	start := time.Now()
	err := k.state()
	var size int
	if err == nil {
		size, err = k.write(w)
	}
	if err != nil {
		k.refuse(w, err)
		return
	}
	entries := 0
	for _, p := range w.group {
		entries += p.count
		k.publish(p)
		p.done <- nil
	}
	if k.observe != nil {
		k.observe(entries, size, time.Since(start))
	}
}

func (k *committer) write(w work) (int, error) {
	payload := func(dst []byte) []byte {
		for _, p := range w.group {
			dst = appendRun(dst, &p.run)
		}
		for _, m := range w.marks {
			dst = appendMark(dst, m)
		}
		return dst
	}
	before := k.j.segments()
	size, err := k.j.write(payload)
	for errors.Is(err, errFull) && k.awaitRoom() {
		size, err = k.j.write(payload)
	}
	if now := k.j.segments(); now >= checkpointSegments && now > before {
		k.full()
	}
	return size, err
}

// awaitRoom waits for a checkpoint to make the journal shorter, and says whether it did. The checkpoint's first step
// is a rotation, which is answered meanwhile.
func (k *committer) awaitRoom() bool {
	shrunk := k.j.shrunk()
	k.full()
	timer := time.NewTimer(standstill)
	defer timer.Stop()
	for {
		k.mu.Lock()
		rotates := k.rotates
		k.rotates = nil
		k.mu.Unlock()
		for _, answer := range rotates {
			answer <- k.end()
		}
		select {
		case <-shrunk:
			return true
		case <-k.wake: // a rotation, or more sends, which wait
		case <-timer.C:
			return false
		case <-k.ctx.Done():
			return false
		}
	}
}

// refuse tells a group's makers that it is not on the record. First a new segment must say so: only then may their
// seqs be given anew. Where none can be had, everything is refused until one can.
func (k *committer) refuse(w work, err error) {
	if k.state() == nil {
		k.setDown(err)
		k.log.Error().Err(err).Msg("the journal failed: sends are refused until a new segment is open")
		k.recover()
	}
	for _, p := range w.group {
		p.done <- err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range w.marks {
		if key := (markKey{m.conversation, m.user}); k.marks[key].seq < m.seq {
			k.marks[key] = m
		}
	}
}

// recover opens a segment, and with it the record for sends.
func (k *committer) recover() {
	if err := k.j.reopen(); err != nil {
		if errors.Is(err, errFull) {
			k.full()
		}
		k.setDown(err)
		return
	}
	k.setDown(nil)
	k.log.Info().Msg("the journal takes messages again")
}

func (k *committer) setDown(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = err
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
