package disk

import (
	"context"
	"hash/maphash"
	"time"

	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// idsSlack is how long ids are remembered beyond their time, for sends that wait for the disk.
const idsSlack = time.Minute

// ids says where on the record the recent ids of a conversation stand: a 64-bit keyed hash of author and id gives a
// seq. Equal hashes of different ids are possible, so that a hit counts only once the entry itself was read.
//
// There are two generations. An id enters the young one and is there or in the old one for at least as long as a
// generation lasts. Both are guarded by the conversation's idsMu.
type ids struct {
	young, old generation
	used       time.Time // when a send last needed them
}

// generation holds every id from the seq `from` on, up to where the next generation begins.
type generation struct {
	seqs  map[uint64]protocol.Seq
	from  protocol.Seq
	since time.Time
}

// find gives the seq at which an id may stand; 0: it is not remembered.
func (s *ids) find(key uint64) protocol.Seq {
	if seq := s.young.seqs[key]; seq != 0 {
		return seq
	}
	return s.old.seqs[key]
}

// from is the seq from which on every id is remembered.
func (s *ids) from() protocol.Seq {
	if s.old.seqs != nil {
		return s.old.from
	}
	return s.young.from
}

func (s *ids) add(key uint64, seq protocol.Seq) { s.young.seqs[key] = seq }

// turn begins a new generation where the young one has lasted long enough. next is the seq that the next entry gets.
func (s *ids) turn(now time.Time, lasts time.Duration, next protocol.Seq) {
	s.used = now
	if now.Sub(s.young.since) < lasts {
		return
	}
	s.old = s.young
	s.young = generation{seqs: make(map[uint64]protocol.Seq), from: next, since: now}
}

func (s *ids) len() int {
	if s == nil {
		return 0
	}
	return len(s.young.seqs) + len(s.old.seqs)
}

// idKey is the keyed hash under which an id is remembered.
func idKey[A, I ~string | ~[]byte](seed maphash.Seed, author A, id I) uint64 {
	var buf [160]byte
	b := append(append(buf[:0], author...), 0) // no name holds a zero byte
	return maphash.Bytes(seed, append(b, id...))
}

// idsOf gives a conversation's ids, loaded from its transcript where nobody has needed them for a while. idsMu is held.
func (r *Record) idsOf(ctx context.Context, c *conversation) (*ids, error) {
	now := r.now()
	tail, size, _ := c.snapshot()
	before := c.ids.len()
	defer func() { r.remembered.Add(int64(c.ids.len() - before)) }()
	if c.ids == nil {
		loaded, err := r.loadIDs(ctx, c, now, tail.Last, size)
		if err != nil {
			return nil, err
		}
		c.ids = loaded
	}
	c.ids.turn(now, r.opts.IDs+idsSlack, tail.Last+1)
	return c.ids, nil
}

// loadIDs reads the entries that are young enough, and some more: the clock may have been set since they were written.
func (r *Record) loadIDs(ctx context.Context, c *conversation, now time.Time, last protocol.Seq, size int64) (*ids, error) {
	s := &ids{used: now, young: generation{seqs: make(map[uint64]protocol.Seq), from: last + 1, since: now}}
	if last == 0 {
		s.young.from = 1
		return s, nil
	}
	from, err := r.youngFrom(ctx, c, protocol.TimeOf(now.Add(-r.opts.IDs-idsSlack)), size)
	if err != nil {
		return nil, err
	}
	err = r.walk(ctx, c, from.offset, size, func(line []byte, at int64) (bool, error) {
		if at == 0 {
			s.young.from = 1
			return true, nil
		}
		seq, ok := protocol.EntrySeq(line)
		if !ok {
			return false, r.broken(c, at)
		}
		s.young.from = min(s.young.from, seq)
		if id, author, ok := transcript.EntryID(line); ok {
			s.add(idKey(r.seed, author, id), seq)
		}
		return true, nil
	})
	return s, err
}

// youngFrom finds a place in a transcript, at least a block before its end, before which all entries are older than that.
func (r *Record) youngFrom(ctx context.Context, c *conversation, oldest protocol.Time, size int64) (anchor, error) {
	var lo anchor
	hi := max(0, size-readBlockSize)
	for hi-lo.offset > readBlockSize {
		mid := lo.offset + (hi-lo.offset)/2
		a, err := r.lineAfter(ctx, c, mid, size)
		if err != nil {
			return lo, err
		}
		if a.offset >= hi {
			hi = mid
			continue
		}
		t, err := r.timeAt(ctx, c, a.offset, size)
		if err != nil {
			return lo, err
		}
		if t < oldest {
			lo = a
		} else {
			hi = mid
		}
	}
	return lo, nil
}

func (r *Record) timeAt(ctx context.Context, c *conversation, off, end int64) (t protocol.Time, err error) {
	err = r.walk(ctx, c, off, end, func(line []byte, at int64) (bool, error) {
		var ok bool
		if t, ok = transcript.EntryTime(line); !ok {
			return false, r.broken(c, at)
		}
		return false, nil
	})
	return t, err
}
