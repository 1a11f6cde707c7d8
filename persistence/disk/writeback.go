package disk

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/fifo"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
)

const (
	// maxPending bounds what is committed and not yet in transcripts, in bytes, for all conversations.
	maxPending = 64 << 20
	// maxPendingOne bounds it for one of them.
	maxPendingOne = 1 << 20
	// flushSize and flushDelay are when a conversation's lines are written to its transcript. Where so many wait that
	// writing them takes long, it shall take a quarter of the time at most: they wait for longer then, up to
	// flushDelayMost.
	flushSize      = 64 << 10
	flushDelay     = time.Second
	flushDelayMost = 5 * time.Second
)

// errStandstill says that transcripts take nothing, so that nothing more can be kept for them in memory.
var errStandstill = errors.New("transcripts: they cannot be written, and what waits in memory for them is at its bound")

// flusher writes committed lines to their transcripts, in one goroutine, in runs. What waits has a bound: nothing
// leaves memory before its line can be read from the file, so that where files take nothing sends must wait, and are
// refused in the end.
type flusher struct {
	files *transcript.Cache
	log   zerolog.Logger
	ctx   context.Context
	retry time.Duration

	// writing is held while a conversation's lines are written: by the flusher, or by a checkpoint.
	writing fifo.Mutex
	buf     []byte // guarded by writing: lines on their way

	wake chan struct{} // capacity 1, never closed

	mu sync.Mutex
	// Guarded by mu.
	queue    []*conversation // with something pending (conversation.queued)
	since    time.Time       // of the queue's first
	took     time.Duration   // to write the queue the last time
	urgent   []*conversation // of the queue, those with a lot
	hurry    bool            // all of them at once
	total    int64           // bytes reserved
	progress chan struct{}   // closed, and replaced, when bytes are released
	stuck    error           // why lines cannot be written; nil: they can
	refusing bool            // sends were refused since
}

// add takes in a conversation that has something pending now.
func (f *flusher) add(c *conversation, queued bool, pending int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if queued {
		if len(f.queue) == 0 {
			f.since = time.Now()
		}
		f.queue = append(f.queue, c)
	}
	if pending >= flushSize {
		f.urgent = append(f.urgent, c)
	}
	if queued && len(f.queue) == 1 || len(f.urgent) == 1 {
		f.signal()
	}
}

func (f *flusher) signal() {
	select {
	case f.wake <- struct{}{}:
	default: // one is pending
	}
}

// outcome notes whether the last lines could be written.
func (f *flusher) outcome(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && f.stuck == nil {
		f.log.Error().Err(err).Msg("a transcript cannot be written; the journal holds its lines, and it is tried again")
	}
	if err == nil && f.stuck != nil {
		f.log.Info().Msg("transcripts can be written again")
	}
	f.stuck = err
	if err == nil {
		f.refusing = false
	}
}

func (f *flusher) state() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusing {
		return errors.Join(errStandstill, f.stuck)
	}
	return nil
}

func (f *flusher) pending() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.total
}

// run ends with the context; a checkpoint writes what is left. It waits for lines, for their delay, and after a failure
// for the time to try again.
func (f *flusher) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for failed := false; ; {
		timer.Reset(f.delay(failed))
		select {
		case <-f.ctx.Done():
			return
		case <-f.wake:
			if failed { // nothing is tried more often than that
				select {
				case <-timer.C:
				case <-f.ctx.Done():
					return
				}
			}
		case <-timer.C:
		}
		failed = f.writeDue()
	}
}

// writeDue writes what is due, and reports whether something could not be written.
func (f *flusher) writeDue() (failed bool) {
	began := time.Now()
	due, all := f.due(began)
	for _, c := range due {
		if err := f.write(c); err != nil {
			failed = true
			f.again(c)
		}
	}
	if all {
		f.mu.Lock()
		f.took = time.Since(began)
		f.mu.Unlock()
	}
	return failed
}

// delay is how long the flusher has nothing to do.
func (f *flusher) delay(failed bool) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case failed:
		return f.retry
	case len(f.queue) == 0:
		return time.Hour
	default:
		return max(0, time.Until(f.dueAt()))
	}
}

// dueAt is when the queue is to be written. mu is held.
func (f *flusher) dueAt() time.Time {
	return f.since.Add(min(max(flushDelay, 3*f.took), flushDelayMost))
}

// due takes what is to be written now: everything where its time has come, else those with a lot.
func (f *flusher) due(now time.Time) (out []*conversation, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out = f.urgent
	f.urgent = nil
	if f.hurry || len(f.queue) > 0 && !now.Before(f.dueAt()) {
		all = true
		out, f.queue, f.hurry = f.queue, nil, false
		for _, c := range out {
			c.unqueue()
		}
	}
	return out, all
}

// again puts a conversation that could not be written back.
func (f *flusher) again(c *conversation) {
	f.add(c, c.requeue(), 0)
}

// write writes what a conversation has pending. Readers go over from memory to the file in the moment in which
// written rises, which is after the file has the bytes.
func (f *flusher) write(c *conversation) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	for {
		chunks, off := c.unwritten()
		if len(chunks) == 0 {
			return nil
		}
		n, err := f.writeChunks(c, chunks, off)
		f.outcome(err)
		if err != nil {
			return err
		}
		c.wrote(n)
		f.release(c, n.bytes)
	}
}

func (f *flusher) writeChunks(c *conversation, chunks []chunk, off int64) (n wrote, err error) {
	buf := chunks[0].lines
	n = wrote{1, int64(len(buf))}
	if len(chunks) > 1 {
		f.buf = append(f.buf[:0], buf...)
		for _, l := range chunks[1:] {
			if n.bytes+int64(len(l.lines)) > maxPendingOne {
				break
			}
			f.buf = append(f.buf, l.lines...)
			n.chunks++
			n.bytes += int64(len(l.lines))
		}
		buf = f.buf
	}
	o, err := f.files.Get(c.id, off == 0) // a file that was removed under us must not come back with a hole
	if err != nil {
		return n, err
	}
	defer f.files.Put(o)
	return n, vfs.WriteFull(o, buf, off)
}

// hasten has all that is pending written now. mu is held.
func (f *flusher) hasten() {
	if !f.hurry {
		f.hurry = true
		f.signal()
	}
}

// reserve takes n more bytes of the budget for the conversation. If there are not as many it waits for them, and fails
// after journal.StallTimeout without progress; without mayWait it returns errNeedsIO.
func (f *flusher) reserve(c *conversation, n int64, mayWait bool) error {
	if f.take(c, n) {
		return nil
	}
	if !mayWait {
		return errNeedsIO
	}
	timer := time.NewTimer(journal.StallTimeout)
	defer timer.Stop()
	for {
		f.mu.Lock()
		if f.refusing {
			err := f.stuck
			f.mu.Unlock()
			return errors.Join(errStandstill, err)
		}
		progress := f.progress
		f.hasten()
		f.mu.Unlock()
		if f.take(c, n) { // after progress was taken, so that none is missed
			return nil
		}
		select {
		case <-progress:
			timer.Reset(journal.StallTimeout)
		case <-timer.C:
			f.refuse()
		case <-f.ctx.Done():
			return journal.ErrClosed
		}
	}
}

// take takes n more bytes of the budget for the conversation, and reports whether there were as many. Long before there
// are none, the flusher is told.
func (f *flusher) take(c *conversation, n int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	// One run alone may be larger than a bound: it must not wait for ever.
	if f.total > 0 && f.total+n > maxPending || c.reserved > 0 && c.reserved+n > maxPendingOne {
		return false
	}
	f.total += n
	c.reserved += n
	if f.total > maxPending/3*2 {
		f.hasten()
	}
	return true
}

// refuse makes sends fail at once until lines can be written again.
func (f *flusher) refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.refusing {
		f.refusing = true
		f.log.Error().Err(f.stuck).Msg("transcripts take nothing: sends are refused until they do")
	}
}

// release returns to the budget what was written, or was not committed.
func (f *flusher) release(c *conversation, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total -= n
	c.reserved -= n
	close(f.progress)
	f.progress = make(chan struct{})
}

// errNeedsIO says that an append request must wait for more than the sync that it shares with others.
var errNeedsIO = errors.New("record: this would make other conversations wait")
