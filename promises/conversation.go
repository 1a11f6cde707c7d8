package promises

import "verbatim/protocol"

// conversation is what is known of one.
type conversation struct {
	id       protocol.ConversationID
	log      protocol.LogID // "": nobody was told one
	places   map[protocol.Seq]*place
	messages map[key]*message
	marks
}

// marks are how far a conversation had come, as far as anybody could know.
type marks struct{ acked, seen protocol.Seq }

func (m marks) high() protocol.Seq { return max(m.acked, m.seen) }

// place is what stands at one seq, by an ack, by the entry itself, or both.
type place struct {
	message *message
	raw     string // "": nobody has seen it yet
	time    string
}

// key is what makes a message: its author and id. There is no id without its author.
type key struct {
	author protocol.UserID
	id     protocol.MessageID
}

// message is one that a client sent, however often.
type message struct {
	key
	text    string
	prev    protocol.MessageID
	floor   protocol.Seq // whatever had a seq up to this one was there before the message was sent
	sends   int
	refused int // sendings of which the server said that nothing was done
	seq     protocol.Seq
	acked   bool
	fresh   bool // an ack said that it was not there before
	sum     string
}

func (c *Checker) conversation(id protocol.ConversationID) *conversation {
	v := c.conversations[id]
	if v == nil {
		v = &conversation{id: id, places: map[protocol.Seq]*place{}, messages: map[key]*message{}}
		c.conversations[id] = v
	}
	return v
}

// sameLog holds a log that somebody was told to the one before. A conversation whose record is another one has lost all.
func (c *Checker) sameLog(v *conversation, log protocol.LogID, where string) bool {
	switch {
	case v.log == "":
		v.log = log
		return true
	case v.log != log:
		c.breach(1, "%s: %s says the log %q, it was %q: everything up to seq %d is gone", v.id, where, log, v.log, v.high())
		return false
	}
	return true
}

// put notes that a message stands at a seq, and holds that to what was known of both.
func (c *Checker) put(v *conversation, m *message, seq protocol.Seq, time, raw, where string) {
	p, there := v.places[seq]
	elsewhere := m.seq != 0 && m.seq != seq
	switch {
	case there && p.message != m && elsewhere:
		c.breach(3, "%s: %s has %s/%s at seq %d, where %s/%s stood; it stood at %d", v.id, where, m.author, m.id, seq, p.message.author, p.message.id, m.seq)
		return
	case there && p.message != m && p.message.acked:
		c.breach(1, "%s: %s has %s/%s at seq %d, where %s/%s was acked", v.id, where, m.author, m.id, seq, p.message.author, p.message.id)
		return
	case there && p.message != m:
		c.breach(2, "%s: %s has %s/%s at seq %d, where %s/%s was seen", v.id, where, m.author, m.id, seq, p.message.author, p.message.id)
		return
	case elsewhere:
		c.breach(4, "%s: %s has %s/%s at seq %d, and it stands at %d too", v.id, where, m.author, m.id, seq, m.seq)
		return
	case !there:
		p = &place{message: m, time: time}
		v.places[seq] = p
		m.seq = seq
		c.inOrder(v, m, p, where)
	case p.time != time:
		c.breach(1, "%s: %s has %s/%s (seq %d) with the time %s, it was %s", v.id, where, m.author, m.id, seq, time, p.time)
	}
	switch {
	case raw == "" || raw == p.raw:
	case p.raw == "":
		p.raw = raw
	default:
		c.breach(2, "%s: %s has seq %d as %.300s, it was %.300s", v.id, where, seq, raw, p.raw)
	}
}

// inOrder holds a message's place to what was known when it was sent, and its time to its neighbours'.
func (c *Checker) inOrder(v *conversation, m *message, p *place, where string) {
	if m.seq <= m.floor {
		c.breach(3, "%s: %s has %s/%s at seq %d, and seq %d was acked or seen before it was sent", v.id, where, m.author, m.id, m.seq, m.floor)
	}
	if before := v.places[m.seq-1]; before != nil && before.time > p.time {
		c.breach(0, "%s: %s has seq %d at %s, after %s of the one before: time goes back", v.id, where, m.seq, p.time, before.time)
	}
	if after := v.places[m.seq+1]; after != nil && after.time < p.time {
		c.breach(0, "%s: %s has seq %d at %s, before %s of the one after: time goes back", v.id, where, m.seq, p.time, after.time)
	}
}
