// Package disk is the record on a disk: one journal that makes messages durable, and one readable file for each
// conversation.
//
// It promises (docs/protocol, promises 1 to 5) that what Commit has accepted survives kill -9, a power cut, a failing
// sync and a full disk, once and at its place, and that nothing is seen before that.
//
// How: the caller of Commit decides a conversation's sends and makes their lines (append.go, decide.go). The package
// journal puts what all conversations have ready on the disk, as one block and with one sync, and only then are the
// lines readable, from memory (filestate.go). The flusher writes them to the transcript soon (writeback.go). A
// checkpoint syncs the transcripts, notes in the catalogue how each stands, and removes the journal's old segments
// (checkpoint.go, syncfs.go). A start reads the catalogue and brings the transcripts to where the journal says that
// they were (recover.go, replay.go). The package inspect reads the same directory without a record.
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
// A Record has four goroutines: the journal's two, the flusher and the checkpoints; Close waits for all of them. No
// lock is held across I/O but three of the kind fifo.Mutex, none of which a Commit, Tail or Read of another
// conversation needs: conversation.idsMu, flusher.writing and checkpoints.running.
//
// Locks are nested in this order, and in no other: checkpoints.running → all others; flusher.writing → flusher.mu →
// fileState.mu; conversation.idsMu → fileState.mu; newest.mu → newest.noting, registry.mu, fileState.mu. Those of the
// packages below, the journal and the cache of open files, are the innermost.
package disk

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
)

// Options are what a record's owner may choose. The zero value is good.
type Options struct {
	Log       zerolog.Logger
	IDs       time.Duration                                // how long an id makes a send idempotent, at least; 0: 600 s
	Now       func() time.Time                             // nil: time.Now
	Progress  func(done, total int64)                      // of a long start, in bytes or files; may be nil
	OpenFiles int                                          // transcripts that are kept open; 0: MaxOpen
	OnCommit  func(entries, bytes int, took time.Duration) // one sync of the journal; called by the committer
	// OnCheckpoint hears of each checkpoint: how long it took, and why it failed. The goroutine of the checkpoints
	// calls it.
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
	dir        string
	opts       Options
	fs         vfs.FS
	log        zerolog.Logger
	format     datadir.FormatFile
	lock       io.Closer
	volume     vfs.Volume   // nil: files are synced one by one
	volumeFrom int          // from how many on it is synced as a whole
	seed       maphash.Seed // of the ids' hashes

	registry    *registry
	newest      newest
	files       *transcript.Cache
	journal     *journal.Journal
	flusher     *flusher
	checkpoints *checkpoints
	marks       *marksFiles
	space       *datadir.Space

	commits    sync.Pool    // *commit; the record's own, since its salts must not be another simulation's
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

// publish makes synced lines readable. The committer calls it, in the journal's order. created says that they are the
// conversation's first.
func (r *Record) publish(c *conversation, created bool, x *journal.LinesItem) {
	dirtied, queued, moved, pending := c.published(x)
	if created {
		r.registry.add(c)
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

// Recovered is what a start has found and put right.
type Recovered struct {
	Conversations int  // on the record
	Refused       int  // of them, those that are not whole
	Adopted       int  // of them, those that neither the catalogue nor the journal knew
	Clean         bool // the record was closed before, or is new: there was nothing to put right

	Segments int   // of the journal, that were read
	Entries  int64 // that were replayed from them
	Replayed int   // conversations that these are in
	Torn     int64 // bytes at the journal's end that were no whole block: of a write that a crash broke off
	Cut      int64 // bytes that were taken off transcripts, since the journal does not have them
	Kept     int64 // bytes that transcripts had beyond the journal, and that stay
	Gone     int   // conversations whose transcripts were removed
}

// tally collects it while a start goes on. Safe for concurrent use.
type tally struct {
	mu  sync.Mutex
	got Recovered // guarded by mu
}

func (t *tally) note(add func(*Recovered)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	add(&t.got)
}

// complain logs what went wrong while a send was decided, at most once a second.
func (r *Record) complain(err error) {
	now := time.Now().Unix()
	before := r.complained.Load()
	if before != now && r.complained.CompareAndSwap(before, now) && !errors.Is(err, context.Canceled) {
		r.log.Error().Err(err).Msg("a send could not be decided")
	}
}

// evict drops what idle conversations need not keep in memory: ids that nobody has asked for longer than they are to be
// remembered, anchors, and marks that are in their file.
func (r *Record) evict() {
	now := r.now()
	for _, c := range r.registry.all() {
		c.forgetHints()
		c.evictMarks(now, r.opts.IDs)
		if !c.idsMu.TryLock() {
			continue // in use
		}
		if c.ids != nil && c.ids.Idle(now) > r.opts.IDs {
			r.remembered.Add(-int64(c.ids.Len()))
			c.ids = nil
		}
		c.idsMu.Unlock()
	}
}
