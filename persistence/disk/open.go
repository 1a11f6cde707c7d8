package disk

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// Open makes the directory if need be, locks it, and brings the record to where it was. An error is one line that says
// what to do, or ctx's where that ends before the record is open: a start that is given up leaves what a crash would.
func Open(ctx context.Context, dir string, opts Options) (*Record, error) {
	if opts.IDs == 0 {
		opts.IDs = protocol.DefaultLimits().IDs
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.FS == nil {
		opts.FS = vfs.OS{}
	}
	if opts.Retry == 0 {
		opts.Retry = journal.RetryAfter
	}
	if opts.SegmentSize == 0 {
		opts.SegmentSize = journal.SegmentSize
	}
	if opts.Yield == nil {
		opts.Yield = runtime.Gosched
	}
	if opts.Progress == nil {
		opts.Progress = func(int64, int64) {}
	}
	r := &Record{dir: dir, opts: opts, fs: opts.FS, log: opts.Log, seed: maphash.MakeSeed()}
	r.marks = &marksFiles{fs: r.fs, dir: filepath.Join(dir, "marks"), log: r.log, now: opts.Now}
	r.files = transcript.NewCache(r.fs, filepath.Join(dir, "transcripts"), os.O_RDWR)
	if r.opts.OpenFiles > 0 {
		r.files.Bound = min(transcript.MaxOpen, r.opts.OpenFiles)
	}
	r.registry = &registry{byID: make(map[protocol.ConversationID]*conversation)}
	if err := r.open(ctx); err != nil {
		r.files.CloseAll()
		if r.volume != nil {
			_ = r.volume.Close()
		}
		if r.lock != nil {
			_ = r.lock.Close()
		}
		return nil, err
	}
	return r, nil
}

func (r *Record) open(ctx context.Context) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, dir := range []string{r.dir, filepath.Join(r.dir, "journal"), r.files.Dir, r.marks.dir} {
		err := vfs.MakeDir(r.fs, dir)
		if errors.As(err, new(*vfs.ForeignError)) {
			return fmt.Errorf("data directory: %w", err)
		}
		if err != nil {
			return fmt.Errorf("data directory: %w: give --data-dir a directory that can be written", err)
		}
	}
	if r.lock, err = r.fs.Lock(filepath.Join(r.dir, "lock")); err != nil {
		return err
	}
	if r.format, err = datadir.EnsureFormat(r.fs, r.dir); err != nil {
		return err
	}
	r.volume, r.volumeFrom = r.fs.Volume(r.dir) // before anything is written that it is to tell of
	if err := r.syncFolders(); err != nil {
		return err
	}
	s, err := r.load(ctx)
	if err != nil {
		return err
	}
	r.start(s)
	return nil
}

// syncFolders makes the names that a start finds certain. A process that was killed between a rename and the sync of
// its folder has left names that a power cut takes back, and what was read by them would be seen and then gone. The
// data directory itself was synced with its format, and the journal's folder is once its last segment is written
// again.
func (r *Record) syncFolders() error {
	for _, dir := range []string{r.files.Dir, r.marks.dir} {
		if err := r.fs.SyncDir(dir); err != nil {
			return fmt.Errorf("data directory: sync %s: %w: make room on the disk, or mend it, and start again",
				dir, err)
		}
	}
	return nil
}

// loaded is what a start has found.
type loaded struct {
	journal *journal.Recovery
	floor   uint64          // the first segment that counts
	dirty   []*conversation // replayed
	marks   []journal.MarkItem
	stale   bool // the catalogue does not say what was found
}

// start begins the record's goroutines.
func (r *Record) start(s *loaded) {
	background, stopBackground := context.WithCancel(context.Background())
	r.stopBackground = stopBackground
	dir := filepath.Join(r.dir, "journal")
	r.space = datadir.NewSpace(r.fs, dir, r.files.Dir, r.opts.Retry, r.log)
	r.flusher = &flusher{
		files: r.files, log: r.log, ctx: background, retry: r.opts.Retry,
		wake: make(chan struct{}, 1), progress: make(chan struct{}),
	}
	r.checkpoints = &checkpoints{
		files: r.files, fs: r.fs, dir: r.dir, volume: r.volume, volumeFrom: r.volumeFrom, flusher: r.flusher,
		registry: r.registry, marks: r.marks, syncErrors: &r.syncErrors, evict: r.evict,
		onCheckpoint: r.opts.OnCheckpoint, retry: r.opts.Retry, log: r.log, ctx: background,
		wake: make(chan struct{}, 1), dirty: s.dirty, floor: s.floor, stale: s.stale,
	}
	r.restoreMarks(s.marks)
	r.journal = journal.Start(journal.Options{
		FS: r.fs, Dir: dir, Owner: r.format.ID, SegmentSize: r.opts.SegmentSize, Recovered: s.journal,
		Full: r.checkpoints.due, Yield: r.opts.Yield, Retry: r.opts.Retry, Log: r.log,
		OnCommit: r.opts.OnCommit, MaxLive: r.opts.maxLive,
	})
	r.checkpoints.journal = r.journal
	// Each ends as its run says; Close waits for both.
	r.background.Go(r.flusher.run)
	replayed := len(s.journal.Live) > 0 || s.stale
	r.background.Go(func() { r.checkpoints.run(replayed) })
}

// restoreMarks takes in the marks that the journal held.
func (r *Record) restoreMarks(items []journal.MarkItem) {
	for _, m := range items {
		c := r.registry.get(m.Conversation)
		if c == nil || c.tail.Log != m.Log {
			continue
		}
		if _, dirtied := c.raiseMark(m.User, m.Seq, r.now()); dirtied {
			r.checkpoints.addMarked(c)
		}
	}
}

// ID is the data directory's own id.
func (r *Record) ID() string { return r.format.ID }

// Ready is persistence.Record's.
func (r *Record) Ready() error {
	if r.closed.Load() {
		return journal.ErrClosed
	}
	if err := r.journal.Ready(); err != nil {
		return err
	}
	if err := r.flusher.state(); err != nil {
		return err
	}
	return r.space.Err()
}

// Close is persistence.Record's. It folds everything, so that the next start has nothing to replay.
func (r *Record) Close() error {
	var err error
	r.closing.Do(func() { err = r.close() })
	return err
}

func (r *Record) close() error {
	r.closed.Store(true)
	r.stopBackground()
	r.background.Wait()
	// Twice: the first may be the end of one that was interrupted, of what there was when that began, or meet what an
	// earlier life's syncs have left untold; it logs why it fails. The second folds the rest.
	_ = r.checkpoints.checkpoint(context.Background())
	err := r.checkpoints.checkpoint(context.Background())
	r.journal.Close()
	r.files.CloseAll()
	if r.volume != nil {
		err = errors.Join(err, r.volume.Close())
	}
	return errors.Join(err, r.lock.Close())
}

// Recovered returns what the start has found and put right.
func (r *Record) Recovered() Recovered {
	r.recovered.mu.Lock()
	defer r.recovered.mu.Unlock()
	return r.recovered.got
}
