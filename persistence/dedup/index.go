// Package dedup remembers which ids were seen in a conversation, so that a message that is sent again is recorded once.
// The disk's record keeps an Index for each conversation that is written to, and reads back each entry that it names.
package dedup

import (
	"hash/maphash"
	"time"

	"verbatim/protocol"
)

// Slack is how long ids are remembered beyond their time, for sends that wait for the disk.
const Slack = time.Minute

// Index says which seq the recent ids of a conversation have: it maps a 64-bit keyed hash of author and id to a seq.
// Different ids may have the same hash, so that a hit counts only once the entry itself was read.
//
// There are two generations. An id enters the young one and is there or in the old one for at least as long as a
// generation lasts. An Index may be used by one goroutine at a time.
type Index struct {
	young, old generation
	used       time.Time // when a send last needed them
}

// generation holds every id from the seq `from` on, up to where the next generation begins.
type generation struct {
	seqs  map[uint64]protocol.Seq
	from  protocol.Seq
	since time.Time
}

// New returns an index of a conversation whose next entry gets the seq next. It remembers nothing.
func New(now time.Time, next protocol.Seq) *Index {
	return &Index{used: now, young: generation{seqs: make(map[uint64]protocol.Seq), from: next, since: now}}
}

// Find returns the seq that an id may have, or 0 if it is not remembered.
func (s *Index) Find(key uint64) protocol.Seq {
	if seq := s.young.seqs[key]; seq != 0 {
		return seq
	}
	return s.old.seqs[key]
}

// From returns the seq from which on every id is remembered.
func (s *Index) From() protocol.Seq {
	if s.old.seqs != nil {
		return s.old.from
	}
	return s.young.from
}

// Add remembers an id.
func (s *Index) Add(key uint64, seq protocol.Seq) { s.young.seqs[key] = seq }

// Advance begins a new generation if the young one has lasted long enough. next is the seq that the next entry gets.
func (s *Index) Advance(now time.Time, lasts time.Duration, next protocol.Seq) {
	s.used = now
	if now.Sub(s.young.since) < lasts {
		return
	}
	s.old = s.young
	s.young = generation{seqs: make(map[uint64]protocol.Seq), from: next, since: now}
}

// Len returns how many ids are remembered; a nil Index has none.
func (s *Index) Len() int {
	if s == nil {
		return 0
	}
	return len(s.young.seqs) + len(s.old.seqs)
}

// Key returns the keyed hash under which an id is remembered.
func Key[A, I ~string | ~[]byte](seed maphash.Seed, author A, id I) uint64 {
	var buf [160]byte
	b := append(append(buf[:0], author...), 0) // no name holds a zero byte
	return maphash.Bytes(seed, append(b, id...))
}

// Forgot reports whether ids that count were forgotten since a send came: its id, or its prev, may be one of them.
// covered is the seq from which on ids were remembered then, for a send that has `since`; else it is 0, and the ids
// of protocol.Limits.IDs before it came count, which are kept for Slack longer.
func (s *Index) Forgot(covered protocol.Seq, came time.Time) bool {
	if covered != 0 {
		return covered < s.From()
	}
	return s.From() > 1 && s.used.Sub(came) > Slack
}

// Reach notes that every id from that seq on is in the index.
func (s *Index) Reach(from protocol.Seq) { s.young.from = min(s.young.from, from) }

// Lasting returns the seq from which on ids stay for at least a generation's time.
func (s *Index) Lasting() protocol.Seq { return s.young.from }

// Idle returns how long nobody has needed the index.
func (s *Index) Idle(now time.Time) time.Duration { return now.Sub(s.used) }
