package promises

import "verbatim/protocol"

// look is a reading of the record that has begun.
type look struct {
	source       string
	conversation protocol.ConversationID
}

func (c *Checker) look(e Event) {
	c.looks[look{e.Source, e.Conversation}] = c.conversation(e.Conversation).marks
}

// record holds what was read back, over the API or from a transcript, to all that was acked and seen before the reading
// began, and to what was sent.
func (c *Checker) record(e Event) {
	v, l := c.conversation(e.Conversation), look{e.Source, e.Conversation}
	due, began := c.looks[l]
	if !began {
		due = v.marks
	}
	delete(c.looks, l)
	c.counts.Recorded += len(e.Entries)
	if len(e.Entries) > 0 && !c.sameLog(v, e.Log, e.Source) {
		return
	}
	last := protocol.Seq(len(e.Entries))
	switch {
	case last < due.acked:
		c.breach(1, "%s: %s ends at seq %d, and %d was acked", v.id, e.Source, last, due.acked)
	case last < due.seen:
		c.breach(2, "%s: %s ends at seq %d, and %d was seen", v.id, e.Source, last, due.seen)
	}
	at := map[key]protocol.Seq{}
	for i, raw := range e.Entries {
		m, err := parse(raw)
		if err != nil {
			c.breach(1, "%s: line %d of %s cannot be read: %v: %.200s", v.id, i+1, e.Source, err, raw)
			continue
		}
		if m.Seq != protocol.Seq(i+1) {
			c.breach(3, "%s: %s has seq %d where %d was due", v.id, e.Source, m.Seq, i+1)
		}
		k := key{m.From, m.ID}
		if before := at[k]; before != 0 {
			c.breach(4, "%s: %s has %s/%s at seq %d and at %d", v.id, e.Source, k.author, k.id, before, m.Seq)
		}
		if sent := c.entry(v, m, raw, e.Source); sent != nil {
			c.allowed(v, sent, m.Seq, at, e.Source)
		}
		at[k] = m.Seq
	}
}

// allowed holds an entry to what the server said of it, and to its prev.
func (c *Checker) allowed(v *conversation, m *message, seq protocol.Seq, at map[key]protocol.Seq, source string) {
	if m.refused == m.sends {
		c.breach(4, "%s: %s has %s/%s at seq %d, and each of its %d sendings was refused", v.id, source, m.author, m.id, seq, m.sends)
	}
	if m.prev != "" && at[key{m.author, m.prev}] == 0 {
		c.breach(4, "%s: %s has %s/%s at seq %d, and its prev %s is not before it", v.id, source, m.author, m.id, seq, m.prev)
	}
}
