package hub

import (
	"sync/atomic"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	ringMinSlots = 16
	ringMaxSlots = 1024
	// ringMaxBytes bounds what a conversation's ring keeps alive. The history shares the same runs, so the ring
	// needs memory only for what the history has forgotten.
	ringMaxBytes = 1 << 20
)

// ring holds a conversation's newest runs of entries, in order. One goroutine (the shard) puts; any number of sessions
// read without a lock. A reader may miss a run that is dropped or moved at that moment. Then it reads the history or
// the record, so a miss costs time and never an entry.
type ring struct {
	slots atomic.Pointer[[]atomic.Pointer[persistence.Entries]] // run number n is at n % len
	next  atomic.Uint64                                         // the number of the run to come
	last  atomic.Uint64                                         // the seq of the newest entry; 0: none came yet

	// Owned by the shard.
	oldest uint64 // the number of the oldest run that is still there
	bytes  int
}

// put adds a run, and reports whether it was new: a run that the ring has had already is ignored. If runs are
// missing before it, readers find their entries in the record.
func (r *ring) put(b *persistence.Entries) bool {
	if uint64(b.Last()) <= r.last.Load() {
		return false
	}
	n := r.next.Load()
	slots := r.slotsFor(n)
	r.bytes += len(b.Frames)
	for r.oldest < n && r.bytes > ringMaxBytes {
		r.drop(slots)
	}
	slots[n%uint64(len(slots))].Store(b)
	r.next.Store(n + 1)
	r.last.Store(uint64(b.Last())) // last of all: a reader that sees the seq finds the run
	return true
}

// slotsFor returns slots with a free one for run n. If there is none, it doubles them, and at ringMaxSlots it drops
// the oldest run.
func (r *ring) slotsFor(n uint64) []atomic.Pointer[persistence.Entries] {
	p := r.slots.Load()
	if p == nil {
		fresh := make([]atomic.Pointer[persistence.Entries], ringMinSlots)
		r.slots.Store(&fresh)
		return fresh
	}
	slots := *p
	if n-r.oldest < uint64(len(slots)) {
		return slots
	}
	if len(slots) >= ringMaxSlots {
		r.drop(slots)
		return slots
	}
	more := make([]atomic.Pointer[persistence.Entries], 2*len(slots))
	for i := r.oldest; i < n; i++ {
		more[i%uint64(len(more))].Store(slots[i%uint64(len(slots))].Load())
	}
	r.slots.Store(&more)
	return more
}

func (r *ring) drop(slots []atomic.Pointer[persistence.Entries]) {
	slot := &slots[r.oldest%uint64(len(slots))]
	r.bytes -= len(slot.Load().Frames)
	slot.Store(nil)
	r.oldest++
}

// clear frees all memory. The seq of the newest entry stays.
func (r *ring) clear() {
	r.slots.Store(nil)
	r.oldest = r.next.Load()
	r.bytes = 0
}

// find returns the run that holds seq, and its number, or nil and hint if the ring does not have it. hint is the
// number at which the caller expects it: the one after the last that it read.
func (r *ring) find(seq protocol.Seq, hint uint64) (*persistence.Entries, uint64) {
	p := r.slots.Load()
	if p == nil {
		return nil, hint
	}
	slots := *p
	at := func(n uint64) *persistence.Entries { return slots[n%uint64(len(slots))].Load() }
	high := r.next.Load()
	low := high - min(high, uint64(len(slots)))
	if low <= hint && hint < high {
		if b := at(hint); b != nil && b.Holds(seq) {
			return b, hint
		}
	}
	for low < high { // the first run that ends at seq or after it; what is dropped counts as before it
		mid := (low + high) / 2
		if b := at(mid); b == nil || b.Last() < seq {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if b := at(low); b != nil && b.Holds(seq) {
		return b, low
	}
	return nil, hint
}
