package promises

import "verbatim/protocol"

func (c *Checker) send(s *session, e Event) {
	v := c.conversation(e.Conversation)
	k := key{s.user, e.ID}
	m := v.messages[k]
	if m == nil {
		c.counts.Sends++
		m = &message{key: k, text: e.Text, prev: e.Prev, floor: v.high()}
		v.messages[k] = m
	} else {
		c.counts.Resends++
	}
	if m.text != e.Text || m.prev != e.Prev {
		c.breach(0, "%s: the client sent %s/%s twice with other texts or prevs: "+
			"the history is not one that the checker can decide", v.id, k.author, k.id)
	}
	m.sends++
	prev := v.messages[key{s.user, e.Prev}]
	w := s.to(e.Conversation)
	w.waiting = append(w.waiting, send{number: w.next, message: m, prevAcked: prev != nil && prev.acked})
	w.next++
}

func (c *Checker) ack(s *session, e Event) {
	c.counts.Acks++
	v := c.conversation(e.Conversation)
	w := s.to(e.Conversation)
	a, ok := w.reply(e.ID)
	if !ok {
		c.breach(0, "%s: %s got an ack of %s, which it did not send, or had a reply to", v.id, s.name, e.ID)
		return
	}
	m := a.message
	if a.number < w.acked {
		c.breach(3, "%s: %s got the ack of %s/%s after that of one that it sent later", v.id, s.name, m.author, m.id)
	}
	w.acked = max(w.acked, a.number+1)
	switch {
	case e.Duplicate && m.sends == 1:
		c.breach(4, "%s: the ack of %s/%s (seq %d) says duplicate, and it was sent once", v.id, m.author, m.id, e.Seq)
	case !e.Duplicate && m.fresh:
		c.breach(4, "%s: %s/%s was acked at seq %d and again at %d, and neither ack says duplicate",
			v.id, m.author, m.id, m.seq, e.Seq)
	case !e.Duplicate && e.Seq <= w.newest:
		c.breach(3, "%s: %s/%s of %s was acked at seq %d, and what it sent before at %d",
			v.id, m.author, m.id, s.name, e.Seq, w.newest)
	}
	if !e.Duplicate {
		m.fresh = true
		w.newest = max(w.newest, e.Seq)
	}
	c.put(v, m, e.Seq, e.Time, "", "an ack")
	if m.sum != "" && m.sum != e.Sum {
		c.breach(1, "%s: %s/%s (seq %d) was acked with the sum %s and with %s",
			v.id, m.author, m.id, e.Seq, m.sum, e.Sum)
	}
	m.acked, m.sum = true, e.Sum
	v.acked = max(v.acked, e.Seq)
}

// refused takes an error. After unavailable the message may or may not be on the record. Any other code says that
// nothing was done. That holds only for this sending: an earlier one, over a connection that was lost, may still
// arrive.
func (c *Checker) refused(s *session, e Event) {
	v := c.conversation(e.Conversation)
	if c.undisturbed {
		c.breach(8, "%s: %s was refused %s %s, and nothing but Redis was disturbed: %s",
			v.id, s.name, e.ID, e.Code, e.Reason)
	}
	if e.ID == "" {
		c.counts.Refused++
		c.breach(5, "%s: %s could not join or resume: %s: %s", v.id, s.name, e.Code, e.Reason)
		if joins := s.joins[v.id]; len(joins) > 0 {
			s.joins[v.id] = joins[1:]
		}
		return
	}
	a, ok := s.to(v.id).reply(e.ID)
	if !ok {
		c.breach(0, "%s: %s got %s for %s, which it did not send, or had a reply to", v.id, s.name, e.Code, e.ID)
		return
	}
	m := a.message
	switch e.Code {
	case protocol.CodeUnavailable:
		c.counts.Unavailable++
		return
	case protocol.CodeOutOfOrder:
		if m.prev == "" || a.prevAcked {
			c.breach(4, "%s: %s/%s is out_of_order, and its prev %q was acked before it was sent",
				v.id, m.author, m.id, m.prev)
		}
	case protocol.CodeConflict:
		c.breach(4, "%s: %s/%s is a conflict, and it was sent with one text only: %s", v.id, m.author, m.id, e.Reason)
	default:
		c.breach(0, "%s: %s/%s was refused what the contract allows: %s: %s", v.id, m.author, m.id, e.Code, e.Reason)
	}
	c.counts.Refused++
	m.refused++
}
