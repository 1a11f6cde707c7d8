package disk

import (
	"fmt"
	"sync"

	"verbatim/persistence"
	"verbatim/persistence/journal"
	"verbatim/protocol"
)

// fileState is how far a conversation has come, and how much of that its file holds. Its transcript is bytes from 0
// to size: what is before written can be read from the file, and the rest is in pending; view makes one of both, so
// that no reader meets a seam. synced ≤ written ≤ size always holds.
//
// This file alone locks mu. It is the innermost lock: it may be taken with idsMu, newest.mu or flusher.mu held, nothing
// is locked while it is held, and it is never held across I/O. Before the record is open, a start sets the fields
// without it.
type fileState struct {
	mu sync.Mutex
	// Guarded by mu.
	tail     persistence.Tail
	size     int64   // of the transcript, with all that is committed
	written  int64   // up to where the file holds it
	synced   int64   // up to where a power cut leaves it
	pending  []chunk // what is not yet in the file, in order
	hints    *seekHints
	damage   error // why it is refused, or nil: it is not, or nobody has looked yet
	checked  bool  // the file was held against what it must be
	suspect  bool  // a sync failed: beyond synced the disk may not hold what the file seems to
	alone    bool  // the volume's sync failed: likewise, until a sync of its own says that it had no part in that
	failures int   // syncs that have failed
	dirty    bool  // it is in the list of the next checkpoint
	queued   bool  // it is in the flusher's list
	moved    bool  // it is noted as moved since the last list of the newest (newest.moved), or none was made
}

// chunk is lines that are committed and not yet in the file. It is never changed.
type chunk struct {
	offset int64
	first  protocol.Seq // of its first entry
	lines  []byte
}

// published takes committed lines in: from here on everybody can read them. The committer calls it, after the sync. It
// reports in which lists the conversation is now and was not before, and how many bytes are not in the file.
func (c *conversation) published(x *journal.LinesItem) (dirtied, queued, moved bool, pending int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.Offset != c.size {
		panic(fmt.Sprintf("disk: %s: lines at %d were committed to a transcript of %d bytes", c.id, x.Offset, c.size))
	}
	c.tail = persistence.Tail{Log: x.Log, Last: x.Last(), Time: x.Time, Sum: x.Sum()}
	c.pending = append(c.pending, chunk{offset: x.Offset, first: x.First, lines: x.Lines})
	c.size = x.End()
	dirtied, queued, moved = !c.dirty, !c.queued, !c.moved
	c.dirty, c.queued, c.moved = true, true, true
	return dirtied, queued, moved, c.size - c.written
}

// snapshot returns how far the conversation has come, and why it is refused, or nil.
func (f *fileState) snapshot() (tail persistence.Tail, size int64, damage error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tail, f.size, f.damage
}

// integrity reports whether somebody has looked at the file, and why the conversation is refused, or nil.
func (f *fileState) integrity() (checked bool, damage error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.checked, f.damage
}

// setIntegrity notes what was found of the file, and reports whether it is the first time.
func (f *fileState) setIntegrity(damage error) (first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first = !f.checked && f.damage == nil
	f.checked, f.damage = damage == nil, damage
	return first
}

// settled returns the time of the last entry, after which the next one is noted again, or 0 if nothing is known of one.
func (f *fileState) settled() protocol.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moved = false
	if f.tail.Log == "" {
		return 0
	}
	return f.tail.Time
}

// readable is what can be read of a transcript from an offset on.
type readable struct {
	chunk    []byte // pending lines; nil: they are in the file
	believed int64  // up to where the file can be read
	size     int64
	failures int // syncs that had failed
}

// from returns what can be read from an offset on. After a failed sync the kernel may have dropped what it could not
// write, so that reading returns what the disk has: beyond synced the file is not believed until it was written again.
func (f *fileState) from(off int64) readable {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := readable{believed: f.written, size: f.size, failures: f.failures}
	if off >= f.written && off < f.size {
		x.chunk = f.chunkAt(off)
		return x
	}
	if f.suspect || f.alone {
		x.believed = f.synced
	}
	return x
}

// failedSince reports whether a sync has failed since `failures` had.
func (f *fileState) failedSince(failures int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failures != failures
}

// chunkAt returns pending lines from off on, off being at or after written. mu is held.
func (f *fileState) chunkAt(off int64) []byte {
	lo, hi := 0, len(f.pending)
	for lo < hi {
		mid := (lo + hi) / 2
		if l := &f.pending[mid]; l.offset+int64(len(l.lines)) <= off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(f.pending) {
		return nil
	}
	l := &f.pending[lo]
	return l.lines[off-l.offset:]
}

// unwritten returns what is not in the file, and where it goes.
func (f *fileState) unwritten() (chunks []chunk, at int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pending, f.written
}

// wrote notes that the file holds that much more. From here on readers read it from there.
func (f *fileState) wrote(n wrote) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written += n.bytes
	if f.pending = f.pending[n.chunks:]; len(f.pending) == 0 {
		f.pending = nil
	}
}

// syncing returns up to where the file is written and up to where it is synced, and whether what is between the two
// must be written again.
func (f *fileState) syncing() (written, synced int64, suspect bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written, f.synced, f.suspect
}

// doubted reports whether a failed sync may have lost some of the file, so that only a sync of its own says more.
func (f *fileState) doubted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.suspect || f.alone
}

// syncSucceeded notes that a sync of its own, which began with that much written, has succeeded.
func (f *fileState) syncSucceeded(written int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.synced, f.suspect, f.alone = max(f.synced, written), false, false
}

// syncFailed notes that a sync of its own has failed.
func (f *fileState) syncFailed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.suspect, f.alone = true, false
	f.failures++
}

// volumeSucceeded notes that a sync of the volume, which began with that much written, has succeeded.
func (f *fileState) volumeSucceeded(written int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.synced = max(f.synced, written)
}

// volumeFailed notes that a sync of the volume has failed.
func (f *fileState) volumeFailed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alone = true
	f.failures++
}

// setDirty puts it into the list of the next checkpoint, or out of that, and reports whether that is new.
func (f *fileState) setDirty(dirty bool) (changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed = f.dirty != dirty
	f.dirty = dirty
	return changed
}

// unqueue notes that it has left the flusher's list.
func (f *fileState) unqueue() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queued = false
}

// requeue puts it back into the flusher's list if something is pending, and reports whether that is new.
func (f *fileState) requeue() (queued bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	queued = !f.queued && len(f.pending) > 0
	f.queued = f.queued || queued
	return queued
}

// seekHint is a place in a transcript that is known: at offset the line of seq begins.
type seekHint struct {
	seq    protocol.Seq
	offset int64
}

// seekHints are the places where readers were last, so that one that reads on need not search.
type seekHints struct {
	at   [16]seekHint
	next int
}

// remember notes where a reader will go on.
func (f *fileState) remember(a seekHint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hints == nil {
		f.hints = new(seekHints)
	}
	for i := range f.hints.at {
		if f.hints.at[i].seq == a.seq {
			return
		}
	}
	f.hints.at[f.hints.next] = a
	f.hints.next = (f.hints.next + 1) % len(f.hints.at)
}

// forgetHints drops what remember has noted.
func (f *fileState) forgetHints() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hints = nil
}

// around returns the known places nearest to a seq: the last at or before it, and the first after it.
func (f *fileState) around(seq protocol.Seq) (before, behind seekHint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, behind = seekHint{0, 0}, seekHint{f.tail.Last + 1, f.size}
	use := func(a seekHint) {
		if a.seq <= seq && a.seq >= before.seq {
			before = a
		} else if a.seq > seq && a.seq < behind.seq {
			behind = a
		}
	}
	if f.hints != nil {
		for _, a := range f.hints.at {
			if a.seq != 0 {
				use(a)
			}
		}
	}
	for _, l := range f.pending {
		if l.offset > 0 { // the chunk at 0 begins with the log line
			use(seekHint{l.first, l.offset})
		}
	}
	return before, behind
}

// wrote is how much a write took.
type wrote struct {
	chunks int
	bytes  int64
}
