package session

import (
	"errors"

	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
)

// pageEnvelope is how many bytes of a page are left free for what surrounds its entries.
const pageEnvelope = 512

// handle serves one request. This switch is the table of contents of what a client can ask.
func (s *session) handle(frame []byte) {
	r, err := protocol.Decode(frame, s.env.Limits)
	if err != nil {
		s.refuse(&r, err)
		return
	}

	if s.expired() && r.Type != protocol.TypeToken {
		s.refuse(&r, errExpired)
		return
	}
	s.reap()
	if err := s.permit(&r); err != nil {
		s.refuse(&r, err)
		return
	}

	switch r.Type {
	case protocol.TypeSend:
		err = s.send(&r)
	case protocol.TypeJoin:
		err = s.join(&r)
	case protocol.TypeLeave:
		err = s.leave(&r)
	case protocol.TypeHistory:
		err = s.history(&r)
	case protocol.TypeTyping:
		err = s.typing(&r)
	case protocol.TypeRead:
		err = s.markRead(&r)
	case protocol.TypeToken:
		err = s.token(&r)
	case protocol.TypePing:
		reply(&s.out, protocol.Pong{Ref: r.Ref})
	}
	if err != nil {
		s.refuse(&r, err)
	}
}

// history answers with one page. Only this session's own reading waits for it.
func (s *session) history(r *protocol.Request) *protocol.Error {
	s.alive.pause()
	defer s.alive.resume(&s.link)
	page, err := s.env.Store.Page(s.ctx, r.Conversation, persistence.PageRequest{
		After: r.After, Before: r.Before, Limit: r.Limit, MaxBytes: s.env.Limits.Page - pageEnvelope,
	})
	var refused *protocol.Error
	switch {
	case errors.As(err, &refused):
		return refused
	case err != nil:
		return s.unavailable(err)
	case !s.may(permissions.Read, r.Conversation): // withdrawn meanwhile
		return protocol.Forbidden()
	}
	reply(&s.out, protocol.History{Ref: r.Ref, Conversation: r.Conversation, Messages: page.Messages, More: page.More})
	return nil
}

// typing tells the others that the user is typing. Over the session's rate it is dropped.
func (s *session) typing(r *protocol.Request) *protocol.Error {
	c := s.joins[r.Conversation]
	if c == nil {
		return notJoined(r.Conversation)
	}
	if s.limiter == nil || s.limiter.Allow() {
		s.env.Hub.Typing(&c.member)
	}
	return nil
}

// markRead moves the user's read mark forward.
func (s *session) markRead(r *protocol.Request) *protocol.Error {
	c := s.joins[r.Conversation]
	if c == nil {
		return notJoined(r.Conversation)
	}
	tail, err := s.env.Store.Tail(r.Conversation)
	switch {
	case err != nil:
		return s.unavailable(err)
	case r.Seq > tail.Last:
		return protocol.BeyondLast("seq", r.Seq, tail.Last)
	}
	s.env.Hub.Read(&c.member, r.Seq)
	return nil
}
