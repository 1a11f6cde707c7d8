package disk

import (
	"fmt"
	"sync"
	"sync/atomic"

	"verbatim/persistence"
	"verbatim/persistence/dedup"
	"verbatim/persistence/fifo"
	"verbatim/persistence/journal"
	"verbatim/protocol"
)

// conversation is what the record keeps in memory of one conversation: a few hundred bytes while it is idle.
//
// Its transcript is one run of bytes from 0 to size. What is before written can be read from the file, and the rest
// stands in pending; view makes one of both, so that no reader meets a seam. synced ≤ written ≤ size always holds.
type conversation struct {
	id protocol.ConversationID // fixed

	mu sync.Mutex // never held across I/O
	// Guarded by mu.
	tail     persistence.Tail
	size     int64   // of the transcript, with all that is committed
	written  int64   // up to where the file holds it
	synced   int64   // up to where a power cut leaves it
	pending  []chunk // what is not yet in the file, in order
	hints    *seekHints
	damage   error // why it is refused; nil: it is not, or nobody has looked yet
	checked  bool  // the file was held against what it must be
	dirty    bool  // it is in the list of the next checkpoint
	suspect  bool  // a sync failed: beyond synced the disk may not hold what the file seems to
	alone    bool  // the volume's sync failed: likewise, until a sync of its own says that it had no part in that
	failures int   // syncs that have failed
	queued   bool  // it is in the flusher's list
	moved    bool  // it is among those that have moved since the last list of the newest (newest.moved), or none was made
	marks    *marks

	ranked protocol.Time // guarded by newest.mu: its time in the newest order

	// reserved is guarded by the flusher's mu: bytes of pending, and of what is on its way to become pending.
	reserved int64

	// idsMu is held while sends are decided and while ids are loaded, so across reads of this transcript; Tail, Read
	// and other conversations never need it.
	idsMu fifo.Mutex
	ids   *dedup.Index
}

// chunk is lines that are committed and not yet in the file. It is never changed.
type chunk struct {
	offset int64
	first  protocol.Seq // of its first entry
	lines  []byte
}

// published takes a committed run in: from here on everybody can read it. The committer calls it, after the sync.
func (c *conversation) published(r *journal.LinesItem) (dirtied, queued, moved bool, pending int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Offset != c.size {
		panic(fmt.Sprintf("disk: %s: a run at %d was committed to a transcript of %d bytes", c.id, r.Offset, c.size))
	}
	c.tail = persistence.Tail{Log: r.Log, Last: r.Last(), Time: r.Time, Sum: r.Sum()}
	c.pending = append(c.pending, chunk{offset: r.Offset, first: r.First, lines: r.Lines})
	c.size = r.End()
	dirtied, queued, moved = !c.dirty, !c.queued, !c.moved
	c.dirty, c.queued, c.moved = true, true, true
	return dirtied, queued, moved, c.size - c.written
}

// snapshot gives where the conversation stands.
func (c *conversation) snapshot() (tail persistence.Tail, size int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tail, c.size, c.damage
}

// chunkAt gives pending lines from off on, off being at or after written. mu is held.
func (c *conversation) chunkAt(off int64) []byte {
	lo, hi := 0, len(c.pending)
	for lo < hi {
		mid := (lo + hi) / 2
		if l := &c.pending[mid]; l.offset+int64(len(l.lines)) <= off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(c.pending) {
		return nil
	}
	l := &c.pending[lo]
	return l.lines[off-l.offset:]
}

// seekHint is a place in a transcript that is known: at offset the line of seq begins.
type seekHint struct {
	seq    protocol.Seq
	offset int64
}

// seekHints are the places where readers were last, so that one who reads on need not search.
type seekHints struct {
	at   [16]seekHint
	next int
}

// remember notes where a reader will go on.
func (c *conversation) remember(a seekHint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hints == nil {
		c.hints = new(seekHints)
	}
	for i := range c.hints.at {
		if c.hints.at[i].seq == a.seq {
			return
		}
	}
	c.hints.at[c.hints.next] = a
	c.hints.next = (c.hints.next + 1) % len(c.hints.at)
}

// around gives the known places nearest to a seq: the last at or before it, and the first after it.
func (c *conversation) around(seq protocol.Seq) (before, behind seekHint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, behind = seekHint{0, 0}, seekHint{c.tail.Last + 1, c.size}
	use := func(a seekHint) {
		if a.seq <= seq && a.seq >= before.seq {
			before = a
		} else if a.seq > seq && a.seq < behind.seq {
			behind = a
		}
	}
	if c.hints != nil {
		for _, a := range c.hints.at {
			if a.seq != 0 {
				use(a)
			}
		}
	}
	for _, l := range c.pending {
		if l.offset > 0 { // the lump at 0 begins with the log line
			use(seekHint{l.first, l.offset})
		}
	}
	return before, behind
}

// sumCache remembers sums that were read: after a restart thousands come back to a conversation knowing the same entry, and
// one of them reads it. Safe for concurrent use; a slot holds whichever was read last.
type sumCache [1024]atomic.Pointer[knownSum]

// knownSum is one entry's. It is never changed.
type knownSum struct {
	conversation *conversation
	seq          protocol.Seq
	sum          protocol.Sum
}
