package disk

import "context"

// syncVolume writes transcripts and syncs the volume. It gives those that must be synced by calls of their own: where the
// volume's fails all of them, since it does not say whose fault that was, and it may be a stranger's.
func (k *checkpoints) syncVolume(ctx context.Context, dirty []*conversation) (left []*conversation) {
	type reach struct {
		c       *conversation
		written int64
	}
	begun := make([]reach, 0, len(dirty))
	for _, c := range dirty {
		c.mu.Lock()
		alone := c.suspect || c.alone
		c.mu.Unlock()
		if alone || ctx.Err() != nil || k.r.flusher.write(c) != nil { // the error comes again there, and is told
			left = append(left, c)
			continue
		}
		c.mu.Lock()
		begun = append(begun, reach{c, c.written})
		c.mu.Unlock()
	}
	if len(begun) == 0 {
		return left
	}
	if err := k.r.volume.Sync(); err != nil {
		k.r.syncErrors.Add(1)
		k.r.log.Warn().Err(err).Msg("the file system could not be synced: transcripts are synced one by one")
		for _, b := range begun {
			left = append(left, b.c)
		}
		// What was written since this checkpoint began is for the next one; but the volume tells of an error once, whosever it is.
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
			c.mu.Lock()
			c.alone = true
			c.failures++
			c.mu.Unlock()
		}
		return left
	}
	for _, b := range begun {
		b.c.mu.Lock()
		b.c.synced = max(b.c.synced, b.written)
		b.c.mu.Unlock()
	}
	return left
}
