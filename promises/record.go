package promises

import "verbatim/protocol"

// look begins a reading of the record.
func (c *Checker) look(e Event) {
	c.readings[reading{e.Source, e.Conversation}] = c.conversation(e.Conversation).marks
}

// record compares what was read back, over the API or from a transcript, with all that was acked and seen before the
// reading began, and with what was sent.
func (c *Checker) record(e Event) {
	v := c.conversation(e.Conversation)
	r := reading{e.Source, e.Conversation}
	due, begun := c.readings[r]
	if !begun {
		due = v.marks
	}
	delete(c.readings, r)
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
			c.checkRecorded(v, sent, m.Seq, at, e.Source)
		}
		at[k] = m.Seq
	}
}

// checkRecorded compares an entry of the record with what the server replied to its sends, and with its prev. at has
// the seqs of the entries before it.
func (c *Checker) checkRecorded(
	v *conversation, m *message, seq protocol.Seq, at map[key]protocol.Seq, source string,
) {
	if m.refused == m.sends {
		c.breach(4, "%s: %s has %s/%s at seq %d, and each of its %d sendings was refused",
			v.id, source, m.author, m.id, seq, m.sends)
	}
	if m.prev != "" && at[key{m.author, m.prev}] == 0 {
		c.breach(4, "%s: %s has %s/%s at seq %d, and its prev %s is not before it",
			v.id, source, m.author, m.id, seq, m.prev)
	}
}
