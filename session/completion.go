package session

import (
	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/protocol"
)

// Completed implements persistence.Completion for a send to a conversation that is not joined: it queues the ack, or
// why there is none.
func (o *outbound) Completed(send *persistence.Send) {
	o.settle(send)
	o.wake()
}

// Completed implements persistence.Completion for a send to a conversation that is joined.
//
// An ack without a wake: if the send made a new entry and this cursor reads the conversation, the entry's own wake
// sends the ack as well, so that both go out in one write call. It relies on this: the store publishes the entries of
// every commit right after its completions, and hub wakes each member for every publish (hub/conversation.go, publish).
// Only a cursor that stops may miss that wake. What stops one (join, leave, finish) wakes the session after it.
func (c *cursor) Completed(send *persistence.Send) {
	c.out.settle(send)
	follows := send.Err == nil && !send.Duplicate && c.member.Kind == hub.Reading
	if !follows || c.stopped() {
		c.out.wake()
	}
}

// stopped reports whether no wake comes to the cursor any more.
func (c *cursor) stopped() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.gone || c.out.closed != nil
}

// settle queues the reply to a send.
func (o *outbound) settle(send *persistence.Send) {
	if send.Err != nil {
		o.tellRefusal(send.Conversation, send.Err, nil)
	}

	o.mu.Lock()
	defer o.mu.Unlock()
	b := &o.backlog
	b.inFlight -= send.Size()
	if send.Err != nil {
		b.replies = protocol.FrameTo(b.replies, protocol.Failure{
			Ref: send.Ref, ID: send.ID, Conversation: send.Conversation, Err: send.Err,
		})
	} else {
		b.replies = protocol.FrameTo(b.replies, send.Ack())
	}
	b.shrunk()
}
