package disk

import (
	"context"

	"verbatim/persistence"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// known settles a send whose id stands on the record already, or in this part before it: as a duplicate where it says
// the same, as a conflict where it does not. A hash that was met is confirmed by reading the entry.
func (t *turn) known(s *persistence.Send, key uint64) (bool, *protocol.Error) {
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
	for _, seq := range []protocol.Seq{t.ids.find(key), s.FoundID} {
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

// entry reads one entry, and its sum.
func (r *Record) entry(ctx context.Context, c *conversation, seq protocol.Seq) (m protocol.Message, sum protocol.Sum, err error) {
	off, err := r.find(ctx, c, seq)
	if err != nil {
		return m, sum, err
	}
	_, size, _ := c.snapshot()
	err = r.walk(ctx, c, off, size, func(line []byte, at int64) (bool, error) {
		e, ok := transcript.ParseEntryLine(line)
		if !ok {
			return false, r.broken(c, at)
		}
		var bad *protocol.Error
		if m, bad = protocol.ParseMessage(e.AppendWire(nil)); bad != nil {
			return false, r.broken(c, at)
		}
		sum = e.Sum
		return false, nil
	})
	return m, sum, err
}
