package disk

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
)

// syncWindow is how many transcripts are on their way to the disk at once. Each is synced by a call of its own, but
// the first of these calls makes sure of the file system's notes for most of the others: 10,000 files take 1.0 s, and
// one by one 2.2 s. They are kept open, so it must be well below MaxOpen. Where the volume can be synced it is for
// few files alone.
const syncWindow = 128

// syncAll writes and syncs transcripts. Those that fail are in the next checkpoint again.
func (k *checkpoints) syncAll(ctx context.Context, dirty []*conversation) (first error) {
	failed := func(c *conversation, err error) {
		k.again([]*conversation{c}, nil)
		first = cmp.Or(first, err)
	}
	if k.volume != nil && len(dirty) >= k.volumeFrom {
		dirty = k.syncVolume(ctx, dirty)
	}
	atOnce := max(1, min(syncWindow, k.files.Bound/2))
	begun := make([]syncing, 0, atOnce)
	for window := range slices.Chunk(dirty, atOnce) {
		begun = begun[:0]
		for _, c := range window {
			if ctx.Err() != nil {
				failed(c, journal.ErrClosed)
			} else if s, err := k.begin(c); err != nil {
				failed(c, err)
			} else {
				begun = append(begun, s)
			}
		}
		for _, s := range begun {
			if err := k.finish(s); err != nil {
				failed(s.c, err)
			}
		}
	}
	return first
}

// syncing is a transcript on its way to the disk, as far as it was written when that began.
type syncing struct {
	c       *conversation
	file    *transcript.OpenFile
	written int64
}

// begin writes what a transcript lacks, and sets it on its way. After a failed sync what the file seems to hold may
// not be on the disk: it is written again, out of the journal, through a file that is opened again.
func (k *checkpoints) begin(c *conversation) (s syncing, err error) {
	if err := k.flusher.write(c); err != nil {
		return s, err
	}
	written, synced, suspect := c.syncing()
	if suspect {
		if err := k.rewrite(c, synced); err != nil {
			return s, err
		}
	}
	f, err := k.files.Get(c.id, false)
	if err != nil {
		return s, fmt.Errorf("checkpoint: open a transcript: %w", err)
	}
	f.StartSync()
	return syncing{c, f, written}, nil
}

// finish makes it durable.
func (k *checkpoints) finish(s syncing) error {
	c := s.c
	defer k.files.Put(s.file)
	if err := s.file.Sync(); err != nil {
		k.syncErrors.Add(1)
		c.syncFailed()
		k.files.Drop(c.id, s.file)
		return fmt.Errorf("checkpoint: sync %s: %w", k.files.Path(c.id), err)
	}
	c.syncSucceeded(s.written)
	return nil
}

// rewrite writes again what a transcript has beyond its last synced byte, out of the journal, whose segments are kept
// until this has succeeded. It reads all of them, the current one too: the failed sync was of everything that was
// written by then, not only of what this checkpoint folds.
func (k *checkpoints) rewrite(c *conversation, synced int64) error {
	k.flusher.writing.Lock()
	defer k.flusher.writing.Unlock()
	f, err := k.files.Get(c.id, true)
	if err != nil {
		return fmt.Errorf("checkpoint: open a transcript: %w", err)
	}
	defer k.files.Put(f)
	err = k.journal.Lines(func(x journal.LinesItem) error {
		if x.Conversation != c.id || x.End() <= synced {
			return nil
		}
		return vfs.WriteFull(f, x.Lines, x.Offset)
	})
	if err != nil {
		return fmt.Errorf("checkpoint: write %s again: %w", k.files.Path(c.id), err)
	}
	return nil
}

// syncVolume writes transcripts and syncs the volume. It returns those that must be synced by calls of their own:
// all of them if the volume's fails, since it does not say whose fault that was, and it may be a stranger's.
func (k *checkpoints) syncVolume(ctx context.Context, dirty []*conversation) (left []*conversation) {
	begun := make([]syncing, 0, len(dirty))
	for _, c := range dirty {
		if c.doubted() || ctx.Err() != nil || k.flusher.write(c) != nil { // the error comes again there, and is told
			left = append(left, c)
			continue
		}
		written, _, _ := c.syncing()
		begun = append(begun, syncing{c: c, written: written})
	}
	if len(begun) == 0 {
		return left
	}
	if err := k.volume.Sync(); err != nil {
		k.syncErrors.Add(1)
		k.log.Warn().Err(err).Msg("the file system could not be synced: transcripts are synced one by one")
		for _, b := range begun {
			left = append(left, b.c)
		}
		// What was written since this checkpoint began is for the next one; but the volume tells of an error once,
		// whosever it is.
		there := make(map[*conversation]bool, len(left))
		for _, c := range left {
			there[c] = true
		}
		for _, c := range k.take() {
			if !there[c] {
				left = append(left, c)
			}
		}
		for _, c := range left {
			c.volumeFailed()
		}
		return left
	}
	for _, b := range begun {
		b.c.volumeSucceeded(b.written)
	}
	return left
}
