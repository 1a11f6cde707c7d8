package disk

import (
	"errors"
	"time"

	"verbatim/persistence/journal"
)

// tryReserve takes room for n more bytes of the conversation, where there is some. Long before there is none, the flusher
// is told.
func (f *flusher) tryReserve(c *conversation, n int64) bool {
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

// hasten has all that is pending written now. mu is held.
func (f *flusher) hasten() {
	if !f.hurry {
		f.hurry = true
		f.signal()
	}
}

// reserve waits until there is room for n more bytes of the conversation. It gives up where nothing moves.
func (f *flusher) reserve(c *conversation, n int64) error {
	if f.tryReserve(c, n) {
		return nil
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
		if f.tryReserve(c, n) { // after progress was taken, so that none is missed
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

// refuse makes sends fail at once until lines can be written again.
func (f *flusher) refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.refusing {
		f.refusing = true
		f.log.Error().Err(f.stuck).Msg("transcripts take nothing: sends are refused until they do")
	}
}

// release gives back what was written, or was not committed.
func (f *flusher) release(c *conversation, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total -= n
	c.reserved -= n
	close(f.progress)
	f.progress = make(chan struct{})
}
