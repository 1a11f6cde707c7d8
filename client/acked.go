package client

import (
	"time"

	"verbatim/protocol"
)

// acked completes a send that is on the record.
func (c *Client) acked(r *reply) {
	ack := Ack{Conversation: r.Conversation, ID: r.ID, Seq: r.Seq, Time: r.Time, Sum: r.Sum, Duplicate: r.Duplicate}
	c.mu.Lock()
	v, i := c.findSend(r)
	if i < 0 { // not a send of this client
		c.mu.Unlock()
		return
	}
	s := v.outbox.remove(i)
	v.outbox.acked, v.outbox.delay = max(v.outbox.acked, r.Seq), 0
	if v.expected != 0 { // before this connection's join is answered, the record may be another one
		v.learnSum(r.Seq, r.Sum)
	}
	c.continueSending(v)
	c.mu.Unlock()
	<-c.slots
	s.complete(completion{ack: ack})
	if h := c.options.Handler.Ack; h != nil {
		h(ack)
	}
}

// findSend returns the conversation and the index of the send in flight that a reply answers. The index is -1 if there
// is none. mu is held.
func (c *Client) findSend(r *reply) (*conversation, int) {
	v := c.conversations[r.Conversation]
	if v == nil {
		return nil, -1
	}
	return v, v.outbox.find(r.ID)
}

// sendFailed reports whether an error answers a send of this client, and acts on it: it retries the send, or gives it
// up.
func (c *Client) sendFailed(r *reply, err *protocol.Error) bool {
	c.mu.Lock()
	v, i := c.findSend(r)
	if i < 0 {
		c.mu.Unlock()
		return false
	}
	var refused *outgoing
	switch err.Code {
	case protocol.CodeUnavailable, protocol.CodeRateLimited:
		c.stats.retried.Add(1)
		v.outbox.retry(i, time.Now(), v.outbox.nextDelay(err.RetryAfter))
	case protocol.CodeOutOfOrder:
		v.outbox.retry(i, time.Now(), 0)
	default:
		refused = v.outbox.remove(i)
	}
	c.continueSending(v)
	c.mu.Unlock()
	if refused != nil {
		c.giveUp(v.id, refused, err)
	}
	return true
}

// continueSending has the rest of an outbox written, unless answers must come first. mu is held.
func (c *Client) continueSending(v *conversation) {
	switch {
	case v.outbox.restart || v.outbox.allWritten():
	case v.outbox.notBefore.IsZero():
		c.enqueue(v)
		c.wakeWriter()
	default:
		c.enqueueAfter(v, time.Until(v.outbox.notBefore))
	}
}

// giveUp reports that a send was refused for good, and frees its slot. Run's goroutine calls it, like all that calls
// the Handler.
func (c *Client) giveUp(id protocol.ConversationID, s *outgoing, err *protocol.Error) {
	<-c.slots
	s.complete(completion{err: err})
	c.reportRefusal(Refusal{Conversation: id, ID: s.id, Err: err})
}

// giveUpOversized reports what the writer has handed over. Run's goroutine calls it.
func (c *Client) giveUpOversized() {
	c.mu.Lock()
	oversized := c.oversized
	c.oversized = nil
	c.mu.Unlock()
	for _, o := range oversized {
		c.giveUp(o.id, o.send, o.err)
	}
}

// dropLargest gives up the largest send in flight, after the connection was closed because of a frame that was too
// large. Else the client would send it again for ever, and nothing behind it.
func (c *Client) dropLargest() {
	c.mu.Lock()
	var largest struct {
		v     *conversation
		index int
		size  int // bytes
	}
	for _, v := range c.conversations {
		for i, s := range v.outbox.sends {
			if s.inFlight && len(s.body) > largest.size {
				largest.v, largest.index, largest.size = v, i, len(s.body)
			}
		}
	}
	if largest.v == nil {
		c.mu.Unlock()
		return
	}
	s := largest.v.outbox.remove(largest.index)
	c.mu.Unlock()
	c.giveUp(largest.v.id, s, protocol.TooLarge("the connection was closed for a frame over the limit, "+
		"and this is the largest message that was under way: send it in parts"))
}
