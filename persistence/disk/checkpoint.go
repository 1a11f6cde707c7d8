package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/datadir"
	"verbatim/persistence/fifo"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
)

// checkpointEvery is how often what has changed is folded, where the journal's size does not ask for it before.
const checkpointEvery = 60 * time.Second

// startRest is how long what a start has replayed waits to be folded, unless the journal's size asks for it: a
// checkpoint takes the disk and a core, and right after a crash everybody comes back at once.
const startRest = 2 * time.Second

// checkpoints fold the journal into the transcripts, in one goroutine, beside everything else.
type checkpoints struct {
	// Fixed.
	journal      *journal.Journal // set before run
	files        *transcript.Cache
	fs           vfs.FS
	dir          string     // the data directory
	volume       vfs.Volume // nil: files are synced one by one
	volumeFrom   int        // from how many on it is synced as a whole
	flusher      *flusher
	registry     *registry
	marks        *marksFiles
	syncErrors   *atomic.Int64
	evict        func()                              // drops what need not be in memory, once in a while
	onCheckpoint func(took time.Duration, err error) // may be nil
	retry        time.Duration
	log          zerolog.Logger
	ctx          context.Context

	wake chan struct{} // capacity 1, never closed: the journal is long

	running fifo.Mutex // held during a checkpoint
	// Guarded by running.
	floor   uint64 // the first segment that counts, as the catalogue has it
	begun   bool   // a checkpoint was begun and has not succeeded
	upTo    uint64 // the last segment that it is to fold
	stale   bool   // the catalogue is to be written though nothing has changed
	renamed bool   // the marks' folder has names that are not synced

	mu sync.Mutex
	// Guarded by mu.
	dirty  []*conversation // changed since the last checkpoint (conversation.dirty)
	marked []*conversation // with read marks that are not in their file (marks.dirty)
	failed bool
}

func (k *checkpoints) due() {
	select {
	case k.wake <- struct{}{}:
	default: // one is pending
	}
}

func (k *checkpoints) add(c *conversation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dirty = append(k.dirty, c)
}

func (k *checkpoints) addMarked(c *conversation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.marked = append(k.marked, c)
}

// run ends with the context. It waits for the time or the journal's size to ask for a checkpoint; replayed says that
// the start has left something to fold.
func (k *checkpoints) run(replayed bool) {
	var rested <-chan time.Time // nil once a checkpoint was asked for, or where there is nothing to fold
	if replayed {
		rested = time.After(startRest)
	}
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for swept := time.Now(); ; {
		select {
		case <-k.ctx.Done():
			return
		case <-k.wake:
		case <-rested:
		case <-tick.C:
		}
		k.heard(tick.C)
		rested = nil
		if time.Since(swept) >= checkpointEvery {
			k.evict()
			swept = time.Now()
		}
		for k.checkpoint(k.ctx) != nil {
			select {
			case <-time.After(k.retry):
			case <-k.ctx.Done():
				return
			}
		}
	}
}

// heard takes what else asks for a checkpoint by now: one serves them all.
func (k *checkpoints) heard(tick <-chan time.Time) {
	select {
	case <-k.wake:
	default:
	}
	select {
	case <-tick:
	default:
	}
}

// checkpoint folds what was committed before it began, and logs when that begins or ceases to fail.
func (k *checkpoints) checkpoint(ctx context.Context) error {
	k.running.Lock()
	defer k.running.Unlock()
	began := time.Now()
	err := k.fold(ctx)
	if errors.Is(err, journal.ErrClosed) {
		return err
	}
	if k.onCheckpoint != nil {
		k.onCheckpoint(time.Since(began), err)
	}
	k.mu.Lock()
	changed := (err != nil) != k.failed
	k.failed = err != nil
	k.mu.Unlock()
	if changed && err != nil {
		k.log.Error().Err(err).
			Msg("a checkpoint failed; the journal keeps what it would have folded, and it is tried again")
	} else if changed {
		k.log.Info().Msg("checkpoints succeed again")
	}
	return err
}

// fold makes sure that all that is in the segments up to now is synced where it belongs, and removes them. Every
// step is on the disk before the next one relies on it.
func (k *checkpoints) fold(ctx context.Context) error {
	// One that failed is tried again for the same segments: each rotation costs a segment, however little is in it.
	if !k.begun {
		upTo, err := k.journal.Rotate()
		if err != nil {
			return err
		}
		k.upTo, k.begun = upTo, true
	}
	upTo := k.upTo
	dirty := k.take()
	k.mu.Lock()
	marked := k.marked
	k.marked = nil
	k.mu.Unlock()
	if upTo == 0 && len(dirty)+len(marked) == 0 && !k.stale {
		k.begun = false
		return nil
	}
	if err := k.syncAll(ctx, dirty); err != nil {
		k.again(nil, marked)
		return err
	}
	if err := k.foldMarks(marked); err != nil {
		return err
	}
	if err := k.fs.SyncDir(k.files.Dir); err != nil {
		return fmt.Errorf("checkpoint: sync the transcripts' folder: %w", err)
	}
	floor := max(k.floor, upTo+1)
	if err := k.writeCatalogue(floor); err != nil {
		return err
	}
	k.floor, k.stale, k.begun = floor, false, false
	return k.journal.RemoveUpTo(upTo)
}

// take returns what has changed, each once: of two syncs of a file that are on their way together the second would not
// hear of an error that the first is told. What is published from here on is for the next checkpoint; what was
// before, is written by this one.
func (k *checkpoints) take() []*conversation {
	k.mu.Lock()
	dirty := k.dirty
	k.dirty = nil
	k.mu.Unlock()
	for _, c := range dirty {
		c.setDirty(false)
	}
	return dirty
}

// again puts back what a failed checkpoint had taken.
func (k *checkpoints) again(dirty, marked []*conversation) {
	for _, c := range dirty {
		if c.setDirty(true) {
			k.add(c)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.marked = append(k.marked, marked...)
}

// writeCatalogue notes how all conversations stand, and that segments below floor are folded. What it says of a
// conversation is committed, and what of that is not synced into its transcript is in segments from floor on.
func (k *checkpoints) writeCatalogue(floor uint64) error {
	all := k.registry.all()
	c := datadir.Catalogue{Floor: floor, Entries: make([]datadir.Standing, 0, len(all))}
	for _, conv := range all {
		tail, size, _ := conv.snapshot()
		if tail.Log == "" { // its transcript could not be read: each start looks again
			continue
		}
		c.Entries = append(c.Entries, datadir.Standing{ID: conv.id, End: transcript.End(tail), Size: size})
	}
	return c.Write(k.fs, k.dir)
}

// foldMarks writes marks files. What it could not write is in the next checkpoint again.
func (k *checkpoints) foldMarks(marked []*conversation) (first error) {
	for _, c := range marked {
		if err := k.marks.load(c); err != nil {
			// What is there must not be written over unread, and must not hold up the record either.
			k.log.Error().Err(err).Msg(unsavedMarks)
			k.addMarked(c)
			continue
		}
		if err := k.marks.write(c); errors.As(err, new(*vfs.ForeignError)) {
			k.log.Error().Err(err).Msg(unsavedMarks)
			k.addMarked(c)
			continue
		} else if err != nil {
			k.addMarked(c)
			if first == nil {
				first = err
			}
			continue
		}
		k.renamed = true
	}
	if first != nil || !k.renamed {
		return first
	}
	if err := k.fs.SyncDir(k.marks.dir); err != nil {
		return fmt.Errorf("marks: sync the folder: %w", err)
	}
	k.renamed = false
	return nil
}

const unsavedMarks = "read marks cannot be saved: the next checkpoint tries again"
