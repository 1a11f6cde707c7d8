package disk

import (
	"context"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/dedup"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// idsOf returns a conversation's ids. If they are not in memory, it loads them from the transcript. idsMu is held.
func (r *Record) idsOf(ctx context.Context, c *conversation) (*dedup.Index, error) {
	now := r.now()
	tail, size, _ := c.snapshot()
	before := c.ids.Len()
	defer func() { r.remembered.Add(int64(c.ids.Len() - before)) }()
	if c.ids == nil {
		loaded, err := r.loadIDs(ctx, c, now, tail.Last, size)
		if err != nil {
			return nil, err
		}
		c.ids = loaded
	}
	c.ids.Advance(now, r.opts.IDs+dedup.Slack, tail.Last+1)
	return c.ids, nil
}

// loadIDs reads the entries that are young enough, and some more: the clock may have been set since they were written.
func (r *Record) loadIDs(
	ctx context.Context, c *conversation, now time.Time, last protocol.Seq, size int64,
) (*dedup.Index, error) {
	s := dedup.New(now, last+1)
	if last == 0 {
		return s, nil
	}
	from, err := r.youngFrom(ctx, c, protocol.TimeOf(now.Add(-r.opts.IDs-dedup.Slack)), size)
	if err != nil {
		return nil, err
	}
	err = r.walk(ctx, c, from.offset, size, func(line []byte, at int64) (bool, error) {
		if at == 0 {
			s.Reach(1)
			return true, nil
		}
		seq, ok := protocol.EntrySeq(line)
		if !ok {
			return false, r.broken(c, at)
		}
		s.Reach(seq)
		if id, author, ok := transcript.EntryID(line); ok {
			s.Add(dedup.Key(r.seed, author, id), seq)
		}
		return true, nil
	})
	return s, err
}

// youngFrom finds a place in a transcript, at least a block before its end, before which all entries are older than
// that.
func (r *Record) youngFrom(ctx context.Context, c *conversation, oldest protocol.Time, size int64) (seekHint, error) {
	var lo seekHint
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

// PrepareDedup is persistence.Record's. It reads what the remembered ids do not cover: the entries after `since` and before
// the young generation. What that holds now stays for at least a generation's time; where the send's Commit comes
// later than that, it finds a hole (holed), and refuses.
func (r *Record) PrepareDedup(ctx context.Context, send *persistence.Send) error {
	send.Came = r.now()
	if !send.Since.Set || send.ID == "" {
		return nil
	}
	c, err := r.sound(send.Conversation, true)
	if err == errNoConversation {
		send.Covered = 1
		return nil
	}
	if err != nil {
		return err
	}
	covered, err := r.covered(ctx, c)
	if err != nil {
		return err
	}
	send.Covered = covered
	from := protocol.Seq(send.Since.Value) + 1
	if from >= covered {
		return nil
	}
	return r.scanFor(ctx, c, from, covered-1, send)
}

// covered returns the seq from which on ids are remembered.
func (r *Record) covered(ctx context.Context, c *conversation) (protocol.Seq, error) {
	c.idsMu.Lock()
	defer c.idsMu.Unlock()
	s, err := r.idsOf(ctx, c)
	if err != nil {
		return 0, err
	}
	return s.Lasting(), nil
}

// scanFor looks for a send's id and prev among entries.
func (r *Record) scanFor(ctx context.Context, c *conversation, from, to protocol.Seq, send *persistence.Send) error {
	off, err := r.find(ctx, c, from)
	if err != nil {
		return err
	}
	_, size, _ := c.snapshot()
	return r.walk(ctx, c, off, size, func(line []byte, at int64) (bool, error) {
		seq, ok := protocol.EntrySeq(line)
		if !ok {
			return false, r.broken(c, at)
		}
		if seq > to {
			return false, nil
		}
		if id, author, ok := transcript.EntryID(line); ok && string(author) == string(send.Author) {
			switch string(id) {
			case string(send.ID):
				send.FoundID = seq
			case string(send.Prev):
				send.FoundPrev = seq
			}
		}
		return true, nil
	})
}
