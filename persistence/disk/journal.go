package disk

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"verbatim/persistence/vfs"
)

const (
	// maxSegments bounds the journal's files, those prepared ahead too: 15 × 16 MiB < 256 MB.
	maxSegments = 15
	// aheadSegments are prepared before they are needed: so a full disk is known before a group is written.
	aheadSegments = 2
	// liveSegments is how many may hold what is not yet in synced transcripts. One more than these is left for a start
	// that finds them full: it must not have to wait for its first checkpoint.
	liveSegments = maxSegments - aheadSegments - 2
	// checkpointSegments is from how many on a checkpoint is due: 96 MB.
	checkpointSegments = 6
)

// errFull says that the journal must shrink before more can be recorded.
var errFull = errors.New("journal: it is full, and the transcripts cannot be synced fast enough to shrink it")

// journal is what is committed and not yet synced into transcripts.
//
// A failed write or sync says nothing about what is on the disk: a second sync returns nil, reading gives what was
// written, and yet after a crash it may be gone, or there although it was refused. So a segment that failed is
// never written or synced again, and the next one's head, synced, says up to where the old one is valid.
type journal struct {
	fs       vfs.FS // fixed
	dir      string // fixed
	owner    string // fixed: the data directory's id
	size     int64  // fixed: of a segment
	prepared *preparer
	open     atomic.Bool // there is a current segment; set by the committer

	syncErrors atomic.Int64 // syncs of a segment that failed

	// Owned by the committer.
	current *segment // nil: the next group opens one
	buf     []byte

	mu sync.Mutex
	// Guarded by mu; live's elements are the committer's.
	live    []*segment
	bound   int           // of live
	changed chan struct{} // closed, and replaced, when live shrinks
}

// write puts a payload on the disk as one block, in one write and one sync. Where it fails, the current segment is given
// up: the caller must call reopen before anything else is promised.
func (j *journal) write(payload func(dst []byte) []byte) (size int, err error) {
	if j.current == nil {
		if err := j.reopen(); err != nil {
			return 0, err
		}
	}
	s := j.current
	j.buf = payload(beginBlock(j.buf[:0]))
	j.buf = endBlock(j.buf, 0, s.number, s.block)
	if s.used+int64(len(j.buf)) > j.size && s.block > 1 { // a group larger than a segment makes its own larger
		j.seal()
		return j.write(payload)
	}
	return len(j.buf), j.flush()
}

// flush writes the block in buf behind what is there, and syncs it.
func (j *journal) flush() error {
	s := j.current
	err := vfs.WriteFull(s.file, j.buf, s.used)
	if err == nil {
		err = s.file.Sync()
		if err != nil {
			j.syncErrors.Add(1)
		}
	}
	if r, ok := s.file.(remover); ok && err == nil && r.Removed() {
		err = errRemoved
	}
	if err != nil {
		err = fmt.Errorf("journal: write %s at offset %d: %w", s.path, s.used, err)
		j.seal()
		return err
	}
	s.block++
	j.mu.Lock()
	s.used += int64(len(j.buf))
	j.mu.Unlock()
	return nil
}

// remover is a file that can tell that it has no name any more: it takes writes and syncs as before, and all of it is gone
// when the server ends. Nothing may be acked from it.
type remover interface{ Removed() bool }

var errRemoved = errors.New("the file was removed under the server: put the data directory back from a backup, and start anew")

// reopen opens a new segment whose synced head says up to where the older ones are valid, whatever stands beyond.
func (j *journal) reopen() error {
	j.seal()
	if err := j.next(); err != nil {
		return err
	}
	j.buf = j.appendHead(j.buf[:0])
	return j.flush()
}

// appendHead adds the current segment's first block.
func (j *journal) appendHead(dst []byte) []byte {
	start := len(dst)
	dst = appendOwner(beginBlock(dst), j.owner)
	j.mu.Lock()
	for _, s := range j.live {
		if s != j.current {
			dst = appendLive(dst, liveItem{s.number, s.used})
		}
	}
	j.mu.Unlock()
	return endBlock(dst, start, j.current.number, 0)
}

// seal ends the current segment, if there is one. One in which nothing is valid is removed: a disk that fails each time
// must not use up one segment at each try. Until that is known to be on the disk, the heads speak of it.
func (j *journal) seal() {
	s := j.current
	if s == nil {
		return
	}
	j.current = nil
	j.open.Store(false)
	_ = s.file.Close() // what was promised of it is synced
	s.file = nil
	if s.used == 0 && j.fs.Remove(s.path) == nil && j.fs.SyncDir(j.dir) == nil {
		j.drop(func(l *segment) bool { return l == s })
	}
}

// next takes a prepared segment as the current one.
func (j *journal) next() error {
	j.mu.Lock()
	full := len(j.live) >= j.bound
	j.mu.Unlock()
	if full {
		return errFull
	}
	s, err := j.prepared.take()
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.live = append(j.live, s)
	j.mu.Unlock()
	j.current = s
	j.open.Store(true)
	return nil
}

// lacking returns why the next group would find no segment; nil: it has one, or one is being made.
func (j *journal) lacking() error {
	if j.open.Load() || len(j.prepared.ready) > 0 {
		return nil
	}
	return j.prepared.state()
}

func (j *journal) segments() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.live)
}

// usage gives the bytes of the live segments and how many there are.
func (j *journal) usage() (bytes int64, segments int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.live {
		bytes += s.used
	}
	return bytes, len(j.live)
}

// upTo gives the live segments up to a number, oldest first, as far as they are valid now.
func (j *journal) upTo(number uint64) []segment {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []segment
	for _, s := range j.live {
		if s.number <= number {
			out = append(out, segment{number: s.number, path: s.path, used: s.used})
		}
	}
	return out
}

// drop forgets segments, and tells who waits for room.
func (j *journal) drop(which func(*segment) bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := j.live[:0:0]
	for _, s := range j.live {
		if !which(s) {
			kept = append(kept, s)
		}
	}
	j.live, j.bound = kept, liveSegments
	close(j.changed)
	j.changed = make(chan struct{})
}

// shrunk gives a channel that is closed at the next drop.
func (j *journal) shrunk() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changed
}

// removeUpTo removes segments that a synced catalogue has made needless, the oldest first, each on the disk before the
// next, so that what a crash leaves of them has no hole: should the catalogue be lost then, nothing else tells a hole
// from damage.
func (j *journal) removeUpTo(number uint64) error {
	for _, s := range j.upTo(number) {
		if err := j.fs.Remove(s.path); err != nil && !vfs.Missing(err) {
			return fmt.Errorf("journal: remove %s: %w", filepath.Base(s.path), err)
		}
		j.drop(func(l *segment) bool { return l.number == s.number })
		if err := j.fs.SyncDir(j.dir); err != nil {
			return fmt.Errorf("journal: sync the folder: %w", err)
		}
	}
	return nil
}
