package promises

import "verbatim/protocol"

// session is one connection, while it stands.
type session struct {
	name    string
	user    protocol.UserID
	sending map[protocol.ConversationID]*sending
	asked   map[protocol.ConversationID][]asked // joins without an answer, oldest first
	reading map[protocol.ConversationID]*reading
}

// sending is a session's sends to one conversation.
type sending struct {
	next    int // the next sending's number
	waiting []attempt
	acked   int // the number of the newest that was acked, and 1
	newest  protocol.Seq
}

// attempt is one sending of a message.
type attempt struct {
	number  int
	message *message
	prevWas bool // its prev was acked before
}

// asked is a join on its way: after which seq (-1: none was given), and how far the conversation had come.
type asked struct {
	after int64
	marks
}

// reading is a join that was accepted.
type reading struct {
	next    protocol.Seq
	resumed bool // after was given, and no entry has come yet
}

func (c *Checker) open(e Event) {
	c.counts.Sessions++
	if c.sessions[e.Session] != nil {
		c.breach(0, "a session %s began twice", e.Session)
	}
	c.sessions[e.Session] = &session{
		name: e.Session, user: e.User, sending: map[protocol.ConversationID]*sending{},
		asked: map[protocol.ConversationID][]asked{}, reading: map[protocol.ConversationID]*reading{},
	}
}

// lost ends a session. What it waits for will not be told: it may or may not be on the record.
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
	s.asked[e.Conversation] = append(s.asked[e.Conversation], asked{e.After, c.conversation(e.Conversation).marks})
}

func (c *Checker) joined(s *session, e Event) {
	v, waiting := c.conversation(e.Conversation), s.asked[e.Conversation]
	if len(waiting) == 0 {
		c.breach(0, "%s: %s was joined unasked", v.id, s.name)
		return
	}
	c.counts.Joins++
	a := waiting[0]
	s.asked[e.Conversation] = waiting[1:]
	if e.Log != "" || e.Last > 0 { // without an entry there is no log, whatever others have heard of since
		c.sameLog(v, e.Log, "the join of "+s.name)
	}
	switch {
	case e.Last < a.acked:
		c.breach(1, "%s: the join of %s says last %d, and seq %d was acked before it", v.id, s.name, e.Last, a.acked)
	case e.Last < a.seen:
		c.breach(2, "%s: the join of %s says last %d, and seq %d was seen before it", v.id, s.name, e.Last, a.seen)
	}
	if a.after >= 0 && e.First != protocol.Seq(a.after)+1 {
		c.breach(5, "%s: %s resumed after %d, and the join says first %d", v.id, s.name, a.after, e.First)
	}
	v.seen = max(v.seen, e.Last)
	s.reading[e.Conversation] = &reading{next: e.First, resumed: a.after >= 0}
}

// saw takes an entry: it is the next one of its join, and the same that everybody else sees there.
func (c *Checker) saw(s *session, e Event) {
	c.counts.Seen++
	v, r := c.conversation(e.Conversation), s.reading[e.Conversation]
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
