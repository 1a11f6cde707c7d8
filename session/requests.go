package session

import (
	"errors"

	"verbatim/persistence"
	"verbatim/protocol"
)

// pageEnvelope is left free in a page for what stands around its entries.
const pageEnvelope = 512

// history answers with one page. Reading it makes only this session's own reading wait.
func (s *Session) history(r *protocol.Request) *protocol.Error {
	s.alive.pause()
	defer s.alive.resume(s)
	page, err := s.env.Store.Page(s.ctx, r.Conversation, persistence.PageRequest{
		After: r.After, Before: r.Before, Limit: r.Limit, MaxBytes: s.env.Limits.Page - pageEnvelope,
	})
	var refused *protocol.Error
	switch {
	case errors.As(err, &refused):
		return refused
	case err != nil:
		return s.unavailable(err)
	}
	reply(s, protocol.History{Ref: r.Ref, Conversation: r.Conversation, Messages: page.Messages, More: page.More})
	return nil
}

// typing is passed on by the hub; over the session's rate it is dropped.
func (s *Session) typing(r *protocol.Request) *protocol.Error {
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
func (s *Session) markRead(r *protocol.Request) *protocol.Error {
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
