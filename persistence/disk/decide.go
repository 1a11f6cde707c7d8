package disk

import (
	"context"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/dedup"
	"verbatim/protocol"
)

// lockIDs sees to it that the ids are in memory; unless it fails it leaves idsMu locked.
func (t *appending) lockIDs() (err error) {
	if !t.shared {
		t.c.idsMu.Lock()
	} else if !t.c.idsMu.TryLock() {
		return errWaits // somebody may be reading them
	}
	if t.shared && t.c.ids == nil && !t.created {
		err = errWaits
	} else {
		t.ids, err = t.r.idsOf(context.Background(), t.c)
	}
	if err != nil {
		t.c.idsMu.Unlock()
	}
	return err
}

// decideOne says why a send is refused. One that is a duplicate it settles, or notes as a repeat; s.Seq is then not 0.
func (t *appending) decideOne(s *persistence.Send) *protocol.Error {
	var key uint64
	s.Seq, s.Duplicate = 0, false
	if s.Expects != "" && s.Expects != t.p.Log {
		return protocol.Reset()
	}
	if s.ID != "" {
		key = dedup.Key(t.r.seed, s.Author, s.ID)
		if known, err := t.known(s, key); known || err != nil {
			return err
		}
	}
	if (s.ID != "" || s.Prev != "") && t.ids.Forgot(s.Covered, s.Came) {
		return protocol.Unavailable("the message waited for the disk too long; send it again with the same id", time.Second)
	}
	next := t.p.First + protocol.Seq(len(t.accepted))
	if s.Prev != "" && !t.stands(s) {
		return protocol.Errorf(protocol.CodeOutOfOrder, "prev %q is not on the record: send it first, then this", s.Prev)
	}
	if s.Target >= next {
		return protocol.BeyondLast("target", s.Target, next-1)
	}
	if s.ID != "" {
		if t.keys == nil {
			t.keys = make(map[uint64]int)
		}
		t.keys[key] = len(t.accepted)
	}
	return nil
}

// stands says whether a send's prev is on the record, or goes there before it.
func (t *appending) stands(s *persistence.Send) bool {
	key := dedup.Key(t.r.seed, s.Author, s.Prev)
	if _, ok := t.keys[key]; ok {
		return true
	}
	return s.FoundPrev != 0 || t.ids.Find(key) != 0
}

// known settles a send whose id stands on the record already, or in this part before it: as a duplicate where it says
// the same, as a conflict where it does not. A hash that was met is confirmed by reading the entry.
func (t *appending) known(s *persistence.Send, key uint64) (bool, *protocol.Error) {
	if i, ok := t.keys[key]; ok {
		first := t.accepted[i]
		if first.Author == s.Author && first.ID == s.ID {
			if !same(first.Text, first.Target, first.Meta, s) {
				return false, conflict(s, first.Seq)
			}
			s.Seq = first.Seq // settled with the first one
			t.repeats = append(t.repeats, repeat{s, first})
			return true, nil
		}
	}
	for _, seq := range []protocol.Seq{t.ids.Find(key), s.FoundID} {
		if seq == 0 {
			continue
		}
		if t.shared {
			t.waits = true // for the disk, perhaps
			return false, unavailable(errWaits)
		}
		m, sum, err := t.r.entry(context.Background(), t.c, seq)
		if err != nil {
			t.r.complain(err)
			return false, unavailable(err)
		}
		if m.From != s.Author || m.ID != s.ID {
			continue // another id of the same hash
		}
		if !same(m.Text, m.Target, m.Meta, s) {
			return false, conflict(s, seq)
		}
		s.Seq, s.Time, s.Sum, s.Log, s.Duplicate = seq, m.Time, sum, m.Log, true
		return true, nil
	}
	return false, nil
}

func conflict(s *persistence.Send, seq protocol.Seq) *protocol.Error {
	return protocol.Errorf(protocol.CodeConflict, "id %q stands on the record at seq %d with another text, target or meta: use a new id", s.ID, seq)
}

// same says whether a send says what stands on the record already.
func same(text string, target protocol.Seq, meta string, s *persistence.Send) bool {
	return target == s.Target && protocol.SameJSON(text, s.Text) && protocol.SameJSON(meta, s.Meta)
}
