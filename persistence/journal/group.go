package journal

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// work is what the committer takes off its queue at once.
type work struct {
	group   []*Proposal
	marks   []MarkItem
	rotates []chan uint64
	more    bool // the queue is not empty
	closed  bool
}

// gather takes the next group. Marks alone make none unless they are due.
func (k *committer) gather(marksDue bool) (w work) {
	k.mu.Lock()
	defer k.mu.Unlock()
	size, n := 0, 0
	for n < len(k.queue) && (n == 0 || size+len(k.queue[n].Lines) <= maxGroup) {
		size += len(k.queue[n].Lines) + 256
		n++
	}
	w.group = k.queue[:n:n]
	k.queue = k.queue[n:]
	if len(k.queue) == 0 {
		k.queue = nil
	}
	if len(k.marks) > 0 && (n > 0 || marksDue) && k.down == nil {
		w.marks = slices.SortedFunc(maps.Values(k.marks), MarkItem.compare) // what a block says is not a matter of luck
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
			k.yield()
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
		marksAt = time.Now().Add(MarkDelay)
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
		entries += p.Count
		p.Owner.Committed()
	}
	for _, p := range w.group {
		p.answer(nil)
	}
	if k.observe != nil {
		k.observe(entries, size, time.Since(start))
	}
}

func (k *committer) write(w work) (int, error) {
	payload := func(dst []byte) []byte {
		for _, p := range w.group {
			dst = appendRun(dst, &p.LinesItem)
		}
		for _, m := range w.marks {
			dst = appendMark(dst, m)
		}
		return dst
	}
	before := k.w.segments()
	size, err := k.w.write(payload)
	for errors.Is(err, errFull) && k.awaitRoom() {
		size, err = k.w.write(payload)
	}
	if now := k.w.segments(); now >= checkpointSegments && now > before {
		k.full()
	}
	return size, err
}

// awaitRoom waits for a checkpoint to make the journal shorter, and reports whether it did. The checkpoint's first step
// is a rotation, which is answered meanwhile.
func (k *committer) awaitRoom() bool {
	shrunk := k.w.shrunk()
	k.full()
	timer := time.NewTimer(StallTimeout)
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
// seqs be used again. If none can be had, everything is refused until one can.
func (k *committer) refuse(w work, err error) {
	if k.state() == nil {
		k.setDown(err)
		k.log.Error().Err(err).Msg("the journal failed: sends are refused until a new segment is open")
		k.recover()
	}
	for _, p := range w.group {
		p.answer(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range w.marks {
		if key := (markKey{m.Conversation, m.User}); k.marks[key].Seq < m.Seq {
			k.marks[key] = m
		}
	}
}

// recover opens a segment, and with it the record for sends.
func (k *committer) recover() {
	if err := k.w.reopen(); err != nil {
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
