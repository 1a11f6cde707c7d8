package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"verbatim/persistence/vfs"
)

const (
	// MaxSegments bounds the journal's files, those prepared ahead too: 15 × 16 MiB < 256 MB.
	MaxSegments = 15
	// AheadSegments are prepared before they are needed: so a full disk is known before a group is written.
	AheadSegments = 2
	// LiveSegments is how many may hold what is not yet in synced transcripts. One more than these is left for a start
	// that finds them full: it must not have to wait for its first checkpoint.
	LiveSegments = MaxSegments - AheadSegments - 2
	// checkpointSegments is from how many on a checkpoint is due: 96 MB.
	checkpointSegments = 6
)

// errFull says that the journal must shrink before more can be recorded.
var errFull = errors.New("journal: it is full, and the transcripts cannot be synced fast enough to shrink it")

// writer is what is committed and not yet synced into transcripts.
//
// A failed write or sync says nothing about what is on the disk: a second sync returns nil, reading returns what was
// written, and yet after a crash it may be gone, or there although it was refused. So a segment that failed is
// never written or synced again, and the next one's head, synced, says up to where the old one is valid.
type writer struct {
	fs       vfs.FS // fixed
	dir      string // fixed
	owner    string // fixed: the data directory's id
	size     int64  // fixed: of a segment
	prepared *preparer
	most     int         // fixed: live segments
	open     atomic.Bool // there is a current segment; set by the committer

	syncErrors atomic.Int64 // syncs of a segment that failed

	// Owned by the committer.
	current *Segment // nil: the next group opens one
	buf     []byte

	mu sync.Mutex
	// Guarded by mu; live's elements are the committer's.
	live    []*Segment
	bound   int           // of live
	changed chan struct{} // closed, and replaced, when live shrinks
}

// write puts a payload on the disk as one block, in one write and one sync. Where it fails, the current segment is
// given up: the caller must call reopen before anything else is promised.
func (w *writer) write(payload func(dst []byte) []byte) (size int, err error) {
	if w.current == nil {
		if err := w.reopen(); err != nil {
			return 0, err
		}
	}
	s := w.current
	w.buf = payload(beginBlock(w.buf[:0]))
	w.buf = endBlock(w.buf, 0, s.number, s.block)
	if s.used+int64(len(w.buf)) > w.size && s.block > 1 { // a group larger than a segment makes its own larger
		w.seal()
		return w.write(payload)
	}
	return len(w.buf), w.flush()
}

// flush writes the block in buf behind what is there, and syncs it.
func (w *writer) flush() error {
	s := w.current
	err := vfs.WriteFull(s.file, w.buf, s.used)
	if err == nil {
		err = s.file.Sync()
		if err != nil {
			w.syncErrors.Add(1)
		}
	}
	if r, ok := s.file.(remover); ok && err == nil && r.Removed() {
		err = errRemoved
	}
	if err != nil {
		err = fmt.Errorf("journal: write %s at offset %d: %w", s.path, s.used, err)
		w.seal()
		return err
	}
	s.block++
	w.mu.Lock()
	s.used += int64(len(w.buf))
	w.mu.Unlock()
	return nil
}

// remover is a file that can tell that it has no name any more: it takes writes and syncs as before, and all of it is
// gone when the server ends. Nothing may be acked from it.
type remover interface{ Removed() bool }

var errRemoved = errors.New(
	"the file was removed under the server: put the data directory back from a backup, and start the server again")

// reopen opens a new segment whose synced head says up to where the older ones are valid, whatever is beyond.
func (w *writer) reopen() error {
	w.seal()
	if err := w.next(); err != nil {
		return err
	}
	w.buf = w.appendHead(w.buf[:0])
	return w.flush()
}

// appendHead adds the current segment's first block.
func (w *writer) appendHead(dst []byte) []byte {
	start := len(dst)
	dst = appendOwner(beginBlock(dst), w.owner)
	w.mu.Lock()
	for _, s := range w.live {
		if s != w.current {
			dst = appendLive(dst, liveItem{s.number, s.used})
		}
	}
	w.mu.Unlock()
	return endBlock(dst, start, w.current.number, 0)
}

// seal ends the current segment, if there is one. One in which nothing is valid is removed: a disk that fails each time
// must not use up one segment at each try. Until that is known to be on the disk, the heads speak of it.
func (w *writer) seal() {
	s := w.current
	if s == nil {
		return
	}
	w.current = nil
	w.open.Store(false)
	_ = s.file.Close() // what was promised of it is synced
	s.file = nil
	if s.used == 0 && w.fs.Remove(s.path) == nil && w.fs.SyncDir(w.dir) == nil {
		w.drop(func(l *Segment) bool { return l == s })
	}
}

// next takes a prepared segment as the current one.
func (w *writer) next() error {
	w.mu.Lock()
	full := len(w.live) >= w.bound
	w.mu.Unlock()
	if full {
		return errFull
	}
	s, err := w.prepared.take()
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.live = append(w.live, s)
	w.mu.Unlock()
	w.current = s
	w.open.Store(true)
	return nil
}

// lacking returns why the next group would find no segment, or nil if it has one, or one is being made.
func (w *writer) lacking() error {
	if w.open.Load() || len(w.prepared.ready) > 0 {
		return nil
	}
	return w.prepared.state()
}

// segments returns how many are live.
func (w *writer) segments() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.live)
}

// usage returns the bytes of the live segments and how many there are.
func (w *writer) usage() (bytes int64, segments int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.live {
		bytes += s.used
	}
	return bytes, len(w.live)
}

// upTo returns the live segments up to a number, oldest first, as far as they are valid now.
func (w *writer) upTo(number uint64) []Segment {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Segment
	for _, s := range w.live {
		if s.number <= number {
			out = append(out, Segment{number: s.number, path: s.path, used: s.used})
		}
	}
	return out
}

// drop forgets segments, and tells those who wait for room.
func (w *writer) drop(which func(*Segment) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.live[:0:0]
	for _, s := range w.live {
		if !which(s) {
			kept = append(kept, s)
		}
	}
	w.live, w.bound = kept, w.most
	close(w.changed)
	w.changed = make(chan struct{})
}

// shrunk returns a channel that is closed at the next drop.
func (w *writer) shrunk() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// removeUpTo removes segments that a synced catalogue has made needless, the oldest first, each on the disk before the
// next, so that what a crash leaves of them has no hole: should the catalogue be lost then, nothing else tells a hole
// from damage.
func (w *writer) removeUpTo(number uint64) error {
	for _, s := range w.upTo(number) {
		if err := w.fs.Remove(s.path); err != nil && !vfs.Missing(err) {
			return fmt.Errorf("journal: remove %s: %w", filepath.Base(s.path), err)
		}
		w.drop(func(l *Segment) bool { return l.number == s.number })
		if err := w.fs.SyncDir(w.dir); err != nil {
			return fmt.Errorf("journal: sync the folder: %w", err)
		}
	}
	return nil
}
