// Package disk is the record on a disk: one journal that makes messages durable, and one readable file for each
// conversation.
//
// It promises (docs/protocol, promises 1 to 5) that what Commit has accepted survives kill -9, a power cut, a failing
// sync and a full disk, once and at its place, and that nothing is seen before that.
//
// How: a conversation's writer decides its sends and makes their lines (commit.go, duplicate.go). The committer writes
// what all writers have ready into the journal, as one block and with one sync (group.go, journal.go), and only
// then are the lines readable, from memory (conversation.go). The flusher writes them to the transcript soon
// (flush.go); a checkpoint syncs the transcripts, notes how they stand in the catalogue, and removes the journal's old
// segments (checkpoint.go). A start reads the catalogue and brings the transcripts to where the journal says that
// they were (replay.go).
//
//	data/format                    the format's version and the directory's id
//	data/lock                      held by the server that uses it
//	data/catalogue                 how each conversation stood at the last checkpoint: a cache
//	data/journal/N.journal         what is committed and not yet synced elsewhere
//	data/transcripts/ID.jsonl      a conversation, one line an entry
//	data/marks/ID.json             its read marks
//	data/salvaged/ID.OFFSET.jsonl  lines for a transcript that was found damaged
//
// # Concurrency
//
// A Record has four goroutines: the committer, the preparer of segments, the flusher and the checkpoints; Close waits
// for all of them. No lock is held across I/O but three ioLocks, none of which a Commit, Tail or Read of another
// conversation needs: conversation.idsMu, flusher.writing and checkpoints.running.
package disk

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// Options are what a record's owner may choose. The zero value is good.
type Options struct {
	Log       zerolog.Logger
	IDs       time.Duration                                // how long an id makes a send idempotent, at least; 0: 600 s
	Now       func() time.Time                             // nil: time.Now
	Progress  func(done, total int64)                      // of a long start, in bytes or files; nil: nobody asks
	OpenFiles int                                          // transcripts that are kept open; 0: MaxOpen
	OnCommit  func(entries, bytes int, took time.Duration) // one sync of the journal; called by the committer
	// OnCheckpoint hears of each checkpoint: how long it took, and why it failed. The goroutine of the checkpoints calls it.
	OnCheckpoint func(took time.Duration, err error)

	// For tests, which want them to happen often, or to fail.
	FS          vfs.FS        // nil: the operating system's
	SegmentSize int64         // bytes of a segment of the journal, a multiple of 4096; 0: SegmentSize
	Yield       func()        // lets others go on between two groups of the journal; nil: runtime.Gosched
	Retry       time.Duration // how long the record waits before it tries again what the disk refused; 0: RetryAfter
	maxLive     int           // of the journal's live segments; 0: LiveSegments
}

// Record is the record on a disk. Its methods may be called from any goroutine, but for Commit, which has one caller at
// a time for each conversation.
type Record struct {
	// Fixed after Open.
	dir, marksDir string
	opts          Options
	fs            vfs.FS
	log           zerolog.Logger
	format        datadir.FormatFile
	lock          io.Closer
	volume        vfs.Volume   // nil: files are synced one by one
	volumeFrom    int          // from how many on it is synced as a whole
	seed          maphash.Seed // of the ids' hashes

	conversations *conversations
	newest        newest
	files         *transcript.Cache
	journal       *journal.Journal
	flusher       *flusher
	checkpoints   *checkpoints
	room          *room

	commits    sync.Pool    // *commit; the record's own, for the salts in it: what one run of a simulation leaves is not for the next
	remembered atomic.Int64 // ids
	syncErrors atomic.Int64 // of transcripts and the file system; the journal counts its own
	complained atomic.Int64 // the second of the last complaint
	sums       sumCache
	recovered  tally

	stopBackground context.CancelFunc // ends flusher and checkpoints
	background     sync.WaitGroup
	closing        sync.Once
	closed         atomic.Bool
}

var _ persistence.Record = (*Record)(nil)

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
	r := &Record{dir: dir, marksDir: filepath.Join(dir, "marks"), opts: opts, fs: opts.FS, log: opts.Log, seed: maphash.MakeSeed()}
	r.files = transcript.NewCache(r.fs, filepath.Join(dir, "transcripts"), os.O_RDWR)
	if r.opts.OpenFiles > 0 {
		r.files.Bound = min(transcript.MaxOpen, r.opts.OpenFiles)
	}
	r.conversations = &conversations{byID: make(map[protocol.ConversationID]*conversation)}
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
	for _, dir := range []string{r.dir, filepath.Join(r.dir, "journal"), r.files.Dir, r.marksDir} {
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

// syncFolders makes the names that a start finds certain. A process that was killed between a rename and the sync of its
// folder has left names that a power cut takes back, and what was read by them would be seen and then gone. The data
// directory itself was synced with its format, and the journal's folder is once its last segment is written anew.
func (r *Record) syncFolders() error {
	for _, dir := range []string{r.files.Dir, r.marksDir} {
		if err := r.fs.SyncDir(dir); err != nil {
			return fmt.Errorf("data directory: sync %s: %w: make room on the disk, or mend it, and start again", dir, err)
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
	r.room = &room{fs: r.fs, journal: dir, transcripts: r.files.Dir, log: r.log, often: r.opts.Retry}
	r.flusher = &flusher{
		files: r.files, log: r.log, ctx: background, retry: r.opts.Retry, wake: make(chan struct{}, 1), progress: make(chan struct{}),
	}
	r.checkpoints = &checkpoints{
		r: r, ctx: background, wake: make(chan struct{}, 1), dirty: s.dirty, floor: s.floor, stale: s.stale,
	}
	r.restoreMarks(s.marks)
	r.journal = journal.Start(journal.Options{
		FS: r.fs, Dir: dir, Owner: r.format.ID, SegmentSize: r.opts.SegmentSize, Recovered: s.journal,
		Full: r.checkpoints.due, Yield: r.opts.Yield, Retry: r.opts.Retry, Log: r.log,
		OnCommit: r.opts.OnCommit, MaxLive: r.opts.maxLive,
	})
	// Each ends as its run says; Close waits for both.
	r.background.Go(r.flusher.run)
	replayed := len(s.journal.Live) > 0 || s.stale
	r.background.Go(func() { r.checkpoints.run(replayed) })
}

// restoreMarks takes in the marks that the journal held.
func (r *Record) restoreMarks(items []journal.MarkItem) {
	for _, m := range items {
		c := r.conversations.get(m.Conversation)
		if c == nil || c.tail.Log != m.Log {
			continue
		}
		marks := c.marksOf(r.now())
		if marks.raise(m.User, m.Seq) && !marks.dirty {
			marks.dirty = true
			r.checkpoints.addMarked(c)
		}
	}
}

// publish makes synced lines readable. The committer calls it, in the journal's order. created says that they are the
// conversation's first.
func (r *Record) publish(c *conversation, created bool, x *journal.LinesItem) {
	dirtied, queued, moved, pending := c.published(x)
	if created {
		r.conversations.add(c)
	}
	if moved {
		r.newest.add(c)
	}
	if dirtied {
		r.checkpoints.add(c)
	}
	if queued || pending >= flushSize {
		r.flusher.add(c, queued, pending)
	}
}

func (r *Record) now() time.Time { return r.opts.Now() }

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
	return r.room.state()
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
	// Twice: the first may be the end of one that was interrupted, of what there was when that began, or meet what an earlier
	// life's syncs have left untold; it logs why it fails. The second folds the rest.
	_ = r.checkpoints.checkpoint(context.Background())
	err := r.checkpoints.checkpoint(context.Background())
	r.journal.Close()
	r.files.CloseAll()
	if r.volume != nil {
		err = errors.Join(err, r.volume.Close())
	}
	return errors.Join(err, r.lock.Close())
}
