package disk

import (
	"context"

	"verbatim/persistence"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// Recall is persistence.Record's. It reads what the remembered ids do not cover: the entries after `since` and before the
// young generation. What that holds now stays for at least a generation's time; where the send's Commit comes later than
// that, it finds a hole (holed), and refuses.
func (r *Record) Recall(ctx context.Context, send *persistence.Send) error {
	send.Came = r.now()
	if !send.Since.Set || send.ID == "" {
		return nil
	}
	c, err := r.sound(send.Conversation)
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

// holed says whether ids that count were forgotten between a send's Recall and now: its id, or its prev, may be one of
// them. Without `since` those of protocol.Limits.IDs before it came count, and they are kept for idsSlack longer.
func (s *ids) holed(send *persistence.Send) bool {
	if send.Covered != 0 {
		return send.Covered < s.from()
	}
	return s.from() > 1 && s.used.Sub(send.Came) > idsSlack
}

// covered gives the seq from which on ids are remembered.
func (r *Record) covered(ctx context.Context, c *conversation) (protocol.Seq, error) {
	c.idsMu.Lock()
	defer c.idsMu.Unlock()
	s, err := r.idsOf(ctx, c)
	if err != nil {
		return 0, err
	}
	return s.young.from, nil
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
