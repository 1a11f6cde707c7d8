package session

import (
	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/protocol"
)

// send hands a message to its conversation's writer and reads on. Over its rate the session reads more slowly, and
// nothing is refused.
func (s *Session) send(r *protocol.Request) *protocol.Error {
	if s.limiter != nil {
		if d := s.limiter.Reserve().Delay(); d > 0 {
			s.slowDown(d)
		}
	}
	s.env.Counters.Messages.Add(1)
	send := &persistence.Send{
		Conversation: r.Conversation, Author: s.user, ID: r.ID, Prev: r.Prev, Since: r.Since, Expects: r.Log,
		Text: r.Text, Target: r.Target, Meta: r.Meta, Ref: r.Ref, Bytes: r.Bytes, Settler: s,
	}
	if c := s.joins[r.Conversation]; c != nil {
		send.Settler = c
	}
	s.mu.Lock()
	s.inFlight += send.Size()
	s.mu.Unlock()
	s.alive.pause() // its queue may be full
	err := s.env.Store.Send(s.ctx, send)
	s.alive.resume(s)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	s.inFlight -= send.Size()
	s.mu.Unlock()
	return s.unavailable(err)
}

// Settled implements persistence.Settler for a send to a conversation that is not joined: the ack, or why there is none.
func (s *Session) Settled(send *persistence.Send) {
	s.settle(send)
	s.wake()
}

// Settled implements persistence.Settler for a send to a conversation that is joined. Where a new entry is on its way to
// this very cursor, its wake sends the ack as well: both go out in one call.
func (c *cursor) Settled(send *persistence.Send) {
	follows := send.Err == nil && !send.Duplicate && c.member.Kind == hub.Reading
	if c.session.settle(send); !follows || c.stopped() {
		c.session.wake()
	}
}

// stopped says whether no wake comes to the cursor any more. Who leaves wakes the session after it has said so.
func (c *cursor) stopped() bool {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.gone || c.session.closed != nil
}

// settle queues the reply to a send.
func (s *Session) settle(send *persistence.Send) {
	if send.Err != nil {
		s.tellRefusal(send.Conversation, send.Err, nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight -= send.Size()
	if send.Err != nil {
		s.replies = protocol.FrameTo(s.replies, protocol.Failure{Ref: send.Ref, ID: send.ID, Conversation: send.Conversation, Err: send.Err})
	} else {
		s.replies = protocol.FrameTo(s.replies, send.Ack())
	}
	s.madeRoom()
}
