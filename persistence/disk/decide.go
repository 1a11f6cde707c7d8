package disk

import (
	"context"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/dedup"
	"verbatim/protocol"
)

// lockIDs locks the ids, and sees to it that they are in memory. On an error they are not locked; errNeedsIO says that
// somebody may be reading them, or would have to.
func (t *appending) lockIDs() (err error) {
	if !t.shared {
		t.c.idsMu.Lock()
	} else if !t.c.idsMu.TryLock() {
		return errNeedsIO
	}

	if t.shared && t.c.ids == nil && !t.created {
		err = errNeedsIO
	} else {
		t.ids, err = t.r.idsOf(context.Background(), t.c)
	}
	if err != nil {
		t.c.idsMu.Unlock()
	}
	return err
}

// decideOne returns why a send is refused, or nil. One that is a duplicate it completes, or notes as a repeat; s.Seq is
// then not 0. The error is errNeedsIO: nothing is decided, since the disk must be read.
func (t *appending) decideOne(s *persistence.Send) (refusal *protocol.Error, err error) {
	var key uint64
	s.Seq, s.Duplicate = 0, false
	if s.NoCreate && t.p.First+protocol.Seq(len(t.accepted)) == 1 {
		return protocol.Forbidden(), nil
	}
	if s.Expects != "" && s.Expects != t.p.Log {
		return protocol.Reset(), nil
	}
	if s.ID != "" {
		key = dedup.Key(t.r.seed, s.Author, s.ID)
		if known, refusal, err := t.known(s, key); known || refusal != nil || err != nil {
			return refusal, err
		}
	}
	if s.ID != "" || s.Prev != "" {
		if p := preparedOf(s); t.ids.Forgot(p.covered, p.came) {
			const reason = "the message waited for the disk too long; send it again with the same id"
			return protocol.Unavailable(reason, time.Second), nil
		}
	}

	next := t.p.First + protocol.Seq(len(t.accepted))
	if s.Prev != "" && !t.stands(s) {
		return protocol.Errorf(
			protocol.CodeOutOfOrder, "prev %q is not on the record: send it first, then this", s.Prev), nil
	}
	if s.Target >= next {
		return protocol.BeyondLast("target", s.Target, next-1), nil
	}
	if s.ID != "" {
		if t.keys == nil {
			t.keys = make(map[uint64]int)
		}
		t.keys[key] = len(t.accepted)
	}
	return nil, nil
}

// stands reports whether a send's prev is on the record, or goes there before it.
func (t *appending) stands(s *persistence.Send) bool {
	key := dedup.Key(t.r.seed, s.Author, s.Prev)
	if _, ok := t.keys[key]; ok {
		return true
	}
	return preparedOf(s).prev != 0 || t.ids.Find(key) != 0
}

// known completes a send whose id is on the record already, or in this part before it: as a duplicate if it says the
// same, else it is refused as a conflict. It reports whether the send is a duplicate. A hash that was met is
// confirmed by reading the entry: if others would wait for that, the error is errNeedsIO.
func (t *appending) known(s *persistence.Send, key uint64) (known bool, refusal *protocol.Error, err error) {
	if i, ok := t.keys[key]; ok {
		first := t.accepted[i]
		if first.Author == s.Author && first.ID == s.ID {
			if !same(first.Text, first.Target, first.Meta, s) {
				return false, conflict(s, first.Seq), nil
			}
			s.Seq = first.Seq // completed with the first one
			t.repeats = append(t.repeats, repeat{s, first})
			return true, nil, nil
		}
	}

	for _, seq := range []protocol.Seq{t.ids.Find(key), preparedOf(s).id} {
		if seq == 0 {
			continue
		}
		if t.shared {
			return false, nil, errNeedsIO
		}
		m, sum, err := t.r.entry(context.Background(), t.c, seq)
		if err != nil {
			t.r.complain(err)
			return false, unavailable(err), nil
		}
		if m.From != s.Author || m.ID != s.ID {
			continue // another id of the same hash
		}
		if !same(m.Text, m.Target, m.Meta, s) {
			return false, conflict(s, seq), nil
		}
		s.Seq, s.Time, s.Sum, s.Log, s.Duplicate = seq, m.Time, sum, m.Log, true
		return true, nil, nil
	}
	return false, nil, nil
}

func conflict(s *persistence.Send, seq protocol.Seq) *protocol.Error {
	return protocol.Errorf(protocol.CodeConflict,
		"id %q stands on the record at seq %d with another text, target or meta: use a new id", s.ID, seq)
}

// same reports whether a send says what is on the record already.
func same(text string, target protocol.Seq, meta string, s *persistence.Send) bool {
	return target == s.Target && protocol.SameJSON(text, s.Text) && protocol.SameJSON(meta, s.Meta)
}
