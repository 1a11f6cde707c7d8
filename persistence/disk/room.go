package disk

import (
	"errors"
	"time"
)

// reserve waits until there is room for n more bytes of the conversation. It gives up where nothing moves.
func (f *flusher) reserve(c *conversation, n int64) error {
	timer := time.NewTimer(standstill)
	defer timer.Stop()
	for {
		f.mu.Lock()
		// One run alone may be larger than a bound: it must not wait for ever.
		if (f.total+n <= maxPending || f.total == 0) && (c.reserved+n <= maxPendingOne || c.reserved == 0) {
			f.total += n
			c.reserved += n
			f.mu.Unlock()
			return nil
		}
		if f.refusing {
			err := f.stuck
			f.mu.Unlock()
			return errors.Join(errStandstill, err)
		}
		progress := f.progress
		f.hurry = true
		f.signal()
		f.mu.Unlock()
		select {
		case <-progress:
			timer.Reset(standstill)
		case <-timer.C:
			f.refuse()
		case <-f.ctx.Done():
			return errClosed
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
