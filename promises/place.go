package promises

import (
	"encoding/json"
	"errors"

	"verbatim/protocol"
)

// wire is what the checker reads of an entry. It has a decoder of its own, so that it does not repeat the server's
// errors.
type wire struct {
	Type string             `json:"type"`
	Seq  protocol.Seq       `json:"seq"`
	ID   protocol.MessageID `json:"id"`
	From protocol.UserID    `json:"from"`
	Time string             `json:"time"`
	Text string             `json:"text"`
}

func parse(raw string) (wire, error) {
	var w wire
	if err := json.Unmarshal([]byte(raw), &w); err != nil {
		return w, err
	}
	if w.Type != "message" || w.Seq == 0 || w.From == "" || w.Time == "" {
		return w, errors.New("it is no message with seq, from and time")
	}
	return w, nil
}

// entry compares an entry, wherever it was found, with what was sent. It returns the message, or nil if nobody sent it.
func (c *Checker) entry(v *conversation, w wire, raw, where string) *message {
	if p := v.places[w.Seq]; p != nil && p.raw == raw {
		return p.message // as everybody saw it
	}
	sent := v.messages[key{w.From, w.ID}]
	if sent == nil {
		c.breach(2, "%s: %s has at seq %d what nobody sent: %.300s", v.id, where, w.Seq, raw)
		return nil
	}
	if sent.text != w.Text {
		c.breach(1, "%s: %s has at seq %d the text %.100q of %s/%s, sent was %.100q",
			v.id, where, w.Seq, w.Text, w.From, w.ID, sent.text)
	}
	c.put(v, sent, w.Seq, w.Time, raw, where)
	return sent
}

// put notes that a message is at a seq, and compares that with what was known of both. raw is empty if the entry itself
// was not seen.
func (c *Checker) put(v *conversation, m *message, seq protocol.Seq, time, raw, where string) {
	p := v.places[seq]
	if m.seq != 0 && m.seq != seq || p != nil && p.message != m {
		c.misplaced(v, m, p, seq, where)
		return
	}
	if p == nil {
		p = &place{message: m, time: time}
		v.places[seq] = p
		m.seq = seq
		c.checkOrder(v, m, p, where)
	}
	if p.time != time {
		c.breach(1, "%s: %s has %s/%s (seq %d) with the time %s, it was %s",
			v.id, where, m.author, m.id, seq, time, p.time)
	}
	switch {
	case raw == "" || raw == p.raw:
	case p.raw == "":
		p.raw = raw
	default:
		c.breach(2, "%s: %s has seq %d as %.300s, it was %.300s", v.id, where, seq, raw, p.raw)
	}
}

// misplaced says which promise is broken by a message at a seq, if another one was at that seq (p), or the message at
// another seq, or both.
func (c *Checker) misplaced(v *conversation, m *message, p *place, seq protocol.Seq, where string) {
	if p == nil || p.message == m {
		c.breach(4, "%s: %s has %s/%s at seq %d, and it stands at %d too", v.id, where, m.author, m.id, seq, m.seq)
		return
	}
	other := p.message
	switch {
	case m.seq != 0 && m.seq != seq:
		c.breach(3, "%s: %s has %s/%s at seq %d, where %s/%s stood; it stood at %d",
			v.id, where, m.author, m.id, seq, other.author, other.id, m.seq)
	case other.acked:
		c.breach(1, "%s: %s has %s/%s at seq %d, where %s/%s was acked",
			v.id, where, m.author, m.id, seq, other.author, other.id)
	default:
		c.breach(2, "%s: %s has %s/%s at seq %d, where %s/%s was seen",
			v.id, where, m.author, m.id, seq, other.author, other.id)
	}
}

// checkOrder compares a message's seq with what was known when it was sent, and its time with those of its neighbours.
func (c *Checker) checkOrder(v *conversation, m *message, p *place, where string) {
	if m.seq <= m.floor {
		c.breach(3, "%s: %s has %s/%s at seq %d, and seq %d was acked or seen before it was sent",
			v.id, where, m.author, m.id, m.seq, m.floor)
	}
	if before := v.places[m.seq-1]; before != nil && before.time > p.time {
		c.breach(0, "%s: %s has seq %d at %s, after %s of the one before: time goes back",
			v.id, where, m.seq, p.time, before.time)
	}
	if after := v.places[m.seq+1]; after != nil && after.time < p.time {
		c.breach(0, "%s: %s has seq %d at %s, before %s of the one after: time goes back",
			v.id, where, m.seq, p.time, after.time)
	}
}

// sameLog compares a log that a client was told with the one before. A conversation with another log has lost all.
func (c *Checker) sameLog(v *conversation, log protocol.LogID, where string) bool {
	if v.log == "" {
		v.log = log
	}
	if v.log != log {
		c.breach(1, "%s: %s says the log %q, it was %q: everything up to seq %d is gone",
			v.id, where, log, v.log, v.high())
		return false
	}
	return true
}
