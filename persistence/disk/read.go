package disk

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"verbatim/persistence"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// Tail is persistence.Record's.
func (r *Record) Tail(id protocol.ConversationID) (persistence.Tail, error) {
	c := r.registry.get(id)
	if c == nil {
		return persistence.Tail{}, nil
	}
	tail, _, err := c.snapshot()
	return tail, err
}

// Read is persistence.Record's.
func (r *Record) Read(
	ctx context.Context, id protocol.ConversationID, from, to protocol.Seq, maxBytes int,
) (*persistence.Entries, error) {
	c, err := r.sound(id, true)
	if err != nil {
		return nil, err
	}
	tail, size, _ := c.snapshot()
	to = min(to, tail.Last)
	if from < 1 || from > to {
		return nil, fmt.Errorf("transcript: read %s: the range %d to %d is not within 1 to %d", id, from, to, tail.Last)
	}
	off, err := r.find(ctx, c, from)
	if err != nil {
		return nil, err
	}
	entries := &persistence.Entries{First: from}
	entries.Frames = make([]byte, 0, min(int64(maxBytes), size-off))
	next := seekHint{from, off}
	err = r.walk(ctx, c, off, size, func(line []byte, at int64) (bool, error) {
		next.offset = at
		if next.seq > to {
			return false, nil
		}
		seq, ok := protocol.EntrySeq(line)
		if !ok || seq != next.seq {
			return false, r.broken(c, at)
		}
		if !addEntry(entries, line, maxBytes) {
			if entries.Len() == 0 {
				return false, r.broken(c, at)
			}
			return false, nil
		}
		next.seq++
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if next.seq > tail.Last {
		next.offset = size
	}
	c.remember(next)
	return entries, nil
}

// addEntry adds a line's wire bytes as a frame, unless the entries are full.
func addEntry(b *persistence.Entries, line []byte, maxBytes int) bool {
	e, ok := transcript.ParseEntryLine(line)
	const header = 10 // of a frame, at most
	if !ok || b.Len() > 0 && len(b.Frames)+header+len(e.Wire)+1 > maxBytes {
		return false
	}
	// The wire bytes but for their } stand at the line's beginning: where the line is the record's own copy,
	// it is not to be changed, so that the } goes into the frame.
	b.Add(line[:len(e.Wire)+1])
	b.Frames[len(b.Frames)-1] = '}'
	return true
}

// Lines is persistence.Record's.
func (r *Record) Lines(ctx context.Context, id protocol.ConversationID, yield func(line []byte) error) error {
	c, err := r.sound(id, true)
	if err != nil {
		return err
	}
	_, size, _ := c.snapshot()
	take := transcript.Chained(&transcript.Walk{}, id, r.files.Path(id), yield)
	return r.walk(ctx, c, 0, size, func(line []byte, _ int64) (bool, error) {
		return true, take(line)
	})
}

// Sum is persistence.Record's.
func (r *Record) Sum(ctx context.Context, id protocol.ConversationID, seq protocol.Seq) (protocol.Sum, error) {
	c, err := r.sound(id, true)
	if err != nil {
		return protocol.Sum{}, err
	}
	tail, _, _ := c.snapshot()
	switch {
	case seq < 1 || seq > tail.Last:
		return protocol.Sum{}, fmt.Errorf("transcript: sum of %s: %d is not within 1 to %d", id, seq, tail.Last)
	case seq == tail.Last:
		return tail.Sum, nil
	}
	slot := &r.sums[(maphash.String(r.seed, string(id))+uint64(seq))%uint64(len(r.sums))]
	if known := slot.Load(); known != nil && known.conversation == c && known.seq == seq {
		return known.sum, nil
	}
	_, sum, err := r.entry(ctx, c, seq)
	if err != nil {
		return protocol.Sum{}, err
	}
	slot.Store(&knownSum{c, seq, sum})
	return sum, nil
}

// List is persistence.Record's.
func (r *Record) List(
	which persistence.Which, after protocol.ConversationID, limit int,
) (list []persistence.Listed, more bool) {
	from := protocol.ConversationID(which.Prefix)
	if after >= from {
		from = following(after)
	}
	limit = max(limit, 0)
	step := limit + 1
	if which.Contains != "" || which.May != nil {
		step = max(step, 1000) // most are passed over; the lock is let go in between
	}
	for {
		page := r.registry.page(from, step)
		for _, c := range page {
			if !strings.HasPrefix(string(c.id), which.Prefix) {
				return list, false
			}
			if !which.Takes(c.id) {
				continue
			}
			if len(list) == limit {
				return list, true
			}
			tail, _, _ := c.snapshot()
			list = append(list, persistence.Listed{ID: c.id, Tail: tail})
		}
		if len(page) == 0 {
			return list, false
		}
		from = following(page[len(page)-1].id)
	}
}

// following is the least id that is greater.
func following(id protocol.ConversationID) protocol.ConversationID { return id + "\x00" }

// Newest is persistence.Record's.
func (r *Record) Newest(
	which persistence.Which, after persistence.Place, limit int,
) (list []persistence.Listed, places []persistence.Place, more bool) {
	order := r.newest.at(after.Order, r.registry.all)
	from := 0
	if after.Order != 0 {
		i, found := slices.BinarySearchFunc(order.ranks, after, func(x rank, p persistence.Place) int {
			return comparePlaces(x.time, x.c.id, p.Time, p.ID)
		})
		if from = i; found {
			from++
		}
	}
	for _, x := range order.ranks[from:] {
		if !which.Takes(x.c.id) {
			continue
		}
		if len(list) == limit {
			r.newest.keep(order)
			return list, places, true
		}
		tail, _, _ := x.c.snapshot()
		list = append(list, persistence.Listed{ID: x.c.id, Tail: tail})
		places = append(places, persistence.Place{Order: order.id, Time: x.time, ID: x.c.id})
	}
	return list, places, false
}

// Marks is persistence.Record's.
func (r *Record) Marks(id protocol.ConversationID) (map[protocol.UserID]protocol.Seq, error) {
	c := r.registry.get(id)
	if c == nil {
		return nil, nil
	}
	if err := r.marks.load(c); err != nil {
		return nil, err
	}
	return c.copyMarks(r.now()), nil
}

// Stats are figures for gauges.
type Stats struct {
	PendingBytes    int64 // committed, and not yet in transcripts
	JournalBytes    int64 // in live segments
	JournalSegments int
	OpenFiles       int // transcripts
	Conversations   int
	IDs             int   // remembered
	SyncErrors      int64 // syncs of the journal, of a transcript or of the file system that failed, since the start
}

// Stats is cheap.
func (r *Record) Stats() Stats {
	s := Stats{PendingBytes: r.flusher.pending(), OpenFiles: r.files.Len(), Conversations: r.registry.count()}
	s.JournalBytes, s.JournalSegments = r.journal.Usage()
	s.IDs = int(r.remembered.Load())
	s.SyncErrors = r.syncErrors.Load() + r.journal.SyncErrors()
	return s
}

// Ahead returns how many conversations have entries that are dated after now, and which is the furthest ahead. Time
// never goes back within a conversation, so its last entry tells.
func (r *Record) Ahead(now protocol.Time) (n int, furthest persistence.Listed) {
	for _, c := range r.registry.all() {
		tail, _, _ := c.snapshot()
		if tail.Time <= now {
			continue
		}
		if n++; tail.Time > furthest.Tail.Time {
			furthest = persistence.Listed{ID: c.id, Tail: tail}
		}
	}
	return n, furthest
}
