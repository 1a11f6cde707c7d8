package promises

import "verbatim/protocol"

func (c *Checker) open(e Event) {
	c.counts.Sessions++
	if c.sessions[e.Session] != nil {
		c.breach(0, "a session %s began twice", e.Session)
	}
	c.sessions[e.Session] = newSession(e.Session, e.User)
}

// lost ends a session. Its sends without a reply may or may not be on the record.
func (c *Checker) lost(s *session, e Event) {
	c.counts.Lost++
	delete(c.sessions, s.name)
	if e.Reason != "" {
		return
	}
	if c.undisturbed {
		c.breach(8, "the session %s was lost, and nothing but Redis was disturbed", s.name)
		return
	}
	c.breach(6, "the session %s was dropped, and no fault or limit excuses it", s.name)
}

func (c *Checker) join(s *session, e Event) {
	s.joins[e.Conversation] = append(s.joins[e.Conversation], join{e.After, c.conversation(e.Conversation).marks})
}

func (c *Checker) joined(s *session, e Event) {
	v := c.conversation(e.Conversation)
	joins := s.joins[e.Conversation]
	if len(joins) == 0 {
		c.breach(0, "%s: %s was joined unasked", v.id, s.name)
		return
	}
	c.counts.Joins++
	j := joins[0]
	s.joins[e.Conversation] = joins[1:]
	if e.Log != "" || e.Last > 0 { // a conversation without an entry has no log, even if it gets one before this reply
		c.sameLog(v, e.Log, "the join of "+s.name)
	}
	switch {
	case e.Last < j.acked:
		c.breach(1, "%s: the join of %s says last %d, and seq %d was acked before it", v.id, s.name, e.Last, j.acked)
	case e.Last < j.seen:
		c.breach(2, "%s: the join of %s says last %d, and seq %d was seen before it", v.id, s.name, e.Last, j.seen)
	}
	if j.after >= 0 && e.First != protocol.Seq(j.after)+1 {
		c.breach(5, "%s: %s resumed after %d, and the join says first %d", v.id, s.name, j.after, e.First)
	}
	v.seen = max(v.seen, e.Last)
	s.reads[e.Conversation] = &cursor{next: e.First, resumed: j.after >= 0}
}

// saw takes an entry, which must be the next one of its join, and the same that everybody else sees.
func (c *Checker) saw(s *session, e Event) {
	c.counts.Seen++
	v, r := c.conversation(e.Conversation), s.reads[e.Conversation]
	if r != nil {
		if p := v.places[r.next]; p != nil && p.raw == e.Raw { // the next one, as everybody saw it
			v.seen = max(v.seen, r.next)
			r.next, r.resumed = r.next+1, false
			return
		}
	}
	m, err := parse(e.Raw)
	switch {
	case err != nil:
		c.breach(0, "%s: %s got an entry that cannot be read: %v: %.200s", v.id, s.name, err, e.Raw)
		return
	case r == nil:
		c.breach(0, "%s: %s got seq %d without a join", v.id, s.name, m.Seq)
		return
	case m.Seq != r.next && r.resumed:
		c.breach(5, "%s: %s resumed after %d and got seq %d first", v.id, s.name, r.next-1, m.Seq)
	case m.Seq < r.next:
		c.breach(3, "%s: %s got seq %d again, after %d", v.id, s.name, m.Seq, r.next-1)
	case m.Seq > r.next:
		c.breach(3, "%s: %s got seq %d after %d: a gap", v.id, s.name, m.Seq, r.next-1)
	}
	r.next, r.resumed = m.Seq+1, false
	c.entry(v, m, e.Raw, s.name)
	v.seen = max(v.seen, m.Seq)
}
