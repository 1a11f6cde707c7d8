package history

import (
	"container/list"
	"math"
	"sort"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// What a part and a conversation take beside the frames, in bytes, about.
const (
	partBytes = 80
	runBytes  = 400
)

// run is one conversation's entries: parts, one after another without a gap, in a circular buffer that grows by
// doubling, so that both ends are open and neither costs more where there is much between. Guarded by Memory.mu.
type run struct {
	id      protocol.ConversationID
	log     protocol.LogID
	parts   []*persistence.Entries // len is a power of two, or 0
	head, n int                    // the oldest part's place, and how many there are

	first, last protocol.Seq // what is given out; the oldest part may begin before first
	bytes       int64
	expires     time.Time

	used, appended *list.Element // its places in Memory.used and Memory.appended
}

// add takes entries of the run's log, and returns by how many bytes the run has grown (or shrunk). If they and the run
// do not touch, the newer of both is kept.
func (r *run) add(b *persistence.Entries, size int) (grown int64) {
	before := r.bytes
	switch {
	case r.n == 0, b.First < r.first && b.Last() > r.last, b.First > r.last+1:
		r.clear()
		r.pushBack(b)
		r.first, r.last = b.First, b.Last()
	case b.Last() > r.last:
		r.pushBack(b.Cut(r.last+1, b.Last(), math.MaxInt))
		r.last = b.Last()
	case b.First < r.first && b.Last()+1 >= r.first && r.len() < size:
		// Below size nothing of the oldest part is hidden, so that the new one goes right before it.
		r.pushFront(b.Cut(b.First, r.first-1, math.MaxInt))
		r.first = b.First
	}
	r.trim(size)
	return r.bytes - before
}

func (r *run) len() int { return int(r.last - r.first + 1) }

// trim hides what is above size, and lets go of the parts that are wholly hidden.
func (r *run) trim(size int) {
	if r.len() <= size {
		return
	}
	r.first = r.last - protocol.Seq(size) + 1
	for r.at(0).Last() < r.first {
		r.popFront()
	}
}

// shed lets go of the oldest part and returns how many entries were in it that could be given out.
func (r *run) shed() (entries int) {
	oldest := r.popFront()
	entries = int(oldest.Last() - r.first + 1)
	r.first = oldest.Last() + 1
	return entries
}

// find returns the parts from the one that holds `from` on, as long as they are within `to` and maxBytes.
func (r *run) find(from, to protocol.Seq, maxBytes int) []*persistence.Entries {
	if from < r.first || from > r.last || from > to {
		return nil
	}
	i := sort.Search(r.n, func(i int) bool { return r.at(i).Last() >= from })
	one := r.at(i)
	found := []*persistence.Entries{one}
	size := len(one.Frames) - len(one.Frames)*int(from-one.First)/one.Len() // about
	for i++; i < r.n && size < maxBytes && r.at(i).First <= to; i++ {
		found = append(found, r.at(i))
		size += len(r.at(i).Frames)
	}
	return found
}

func (r *run) at(i int) *persistence.Entries { return r.parts[(r.head+i)&(len(r.parts)-1)] }

func (r *run) pushBack(b *persistence.Entries) {
	r.grow()
	r.parts[(r.head+r.n)&(len(r.parts)-1)] = b
	r.n++
	r.bytes += weight(b)
}

func (r *run) pushFront(b *persistence.Entries) {
	r.grow()
	r.head = (r.head - 1) & (len(r.parts) - 1)
	r.parts[r.head] = b
	r.n++
	r.bytes += weight(b)
}

func (r *run) popFront() *persistence.Entries {
	b := r.parts[r.head]
	r.parts[r.head] = nil
	r.head = (r.head + 1) & (len(r.parts) - 1)
	r.n--
	r.bytes -= weight(b)
	return b
}

func (r *run) grow() {
	if r.n < len(r.parts) {
		return
	}
	parts := make([]*persistence.Entries, max(4, 2*len(r.parts)))
	for i := range r.n {
		parts[i] = r.at(i)
	}
	r.parts, r.head = parts, 0
}

func (r *run) clear() {
	*r = run{id: r.id, log: r.log, expires: r.expires, used: r.used, appended: r.appended}
}

// weight counts capacities: that is what the entries hold in memory, whatever is in them.
func weight(b *persistence.Entries) int64 {
	return partBytes + int64(cap(b.Frames)) + 4*int64(cap(b.Ends))
}
