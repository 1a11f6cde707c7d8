package session

import (
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
)

// send hands a message to its conversation's writer and reads on. Over its rate the session reads more slowly, and
// nothing is refused.
func (s *session) send(r *protocol.Request) *protocol.Error {
	s.keepRate()
	s.env.Counters.Messages.Add(1)
	send := &persistence.Send{Message: persistence.Message{
		Conversation: r.Conversation, Author: s.user, Name: s.shown, ID: r.ID,
		NoCreate: !s.may(permissions.Create, r.Conversation),
		Prev:     r.Prev, Since: r.Since, Expects: r.Log, Text: r.Text,
		Target: r.Target, Meta: r.Meta, Ref: r.Ref, Bytes: r.Bytes,
	}, Completion: &s.out}
	if c := s.joins[r.Conversation]; c != nil {
		send.Completion = c
	}

	s.out.sends(send.Size())
	s.alive.pause() // its queue may be full
	err := s.env.Store.Send(s.ctx, send)
	s.alive.resume(&s.link)
	if err == nil {
		return nil
	}
	s.out.sends(-send.Size())
	return s.unavailable(err)
}
