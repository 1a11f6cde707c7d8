package disk

import (
	"context"
	"sync"
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

// prepared is what this record knows of a send before its Commit: its persistence.Prepared, by pointer.
type prepared struct {
	came    time.Time    // when the send came
	covered protocol.Seq // from which seq on ids were remembered then; 0: the send has no `since`
	id      protocol.Seq // where on the record, before covered, its id is; 0: nowhere
	prev    protocol.Seq // the same for its prev
}

// preparedPool has what commits have taken, so that a message with an id costs no allocation more than one without.
var preparedPool = sync.Pool{New: func() any { return new(prepared) }}

// preparedOf returns what is known of a send; if it was not prepared, the zero value.
func preparedOf(s *persistence.Send) prepared {
	if p, ok := s.Prepared.(*prepared); ok {
		return *p
	}
	return prepared{}
}

// forgetPrepared takes from sends that are decided what was known of them.
func forgetPrepared(sends []*persistence.Send) {
	for _, s := range sends {
		if p, ok := s.Prepared.(*prepared); ok {
			s.Prepared = nil
			preparedPool.Put(p)
		}
	}
}

// PrepareDedup is persistence.Record's. It reads what the remembered ids do not cover: the entries after `since` and
// before the young generation. What that holds now stays for at least a generation's time. If the send's Commit comes
// later than that, ids were forgotten meanwhile (dedup.Index.Forgot), and it refuses.
func (r *Record) PrepareDedup(ctx context.Context, m *persistence.Message) (persistence.Prepared, error) {
	p := preparedPool.Get().(*prepared)
	*p = prepared{came: r.now()}
	if !m.Since.Set || m.ID == "" {
		return p, nil
	}
	c, err := r.sound(m.Conversation, true)
	if err == errNoConversation {
		p.covered = 1
		return p, nil
	}
	if err != nil {
		return nil, err
	}

	if p.covered, err = r.covered(ctx, c); err != nil {
		return nil, err
	}
	from := protocol.Seq(m.Since.Value) + 1
	if from >= p.covered {
		return p, nil
	}
	if err := r.scanFor(ctx, c, from, m, p); err != nil {
		return nil, err
	}
	return p, nil
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

// scanFor looks for a message's id and prev among the entries from a seq on and before p.covered. It notes them in p.
func (r *Record) scanFor(
	ctx context.Context, c *conversation, from protocol.Seq, m *persistence.Message, p *prepared,
) error {
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
		if seq >= p.covered {
			return false, nil
		}
		if id, author, ok := transcript.EntryID(line); ok && string(author) == string(m.Author) {
			switch string(id) {
			case string(m.ID):
				p.id = seq
			case string(m.Prev):
				p.prev = seq
			}
		}
		return true, nil
	})
}
