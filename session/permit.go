package session

import (
	"context"
	"slices"

	"verbatim/permissions"
	"verbatim/protocol"
)

// verbs are what the requests about a conversation need.
var verbs = map[protocol.Type]permissions.Verb{
	protocol.TypeJoin: permissions.Read, protocol.TypeLeave: permissions.Read, protocol.TypeHistory: permissions.Read,
	protocol.TypeRead: permissions.Read, protocol.TypeSend: permissions.Write, protocol.TypeTyping: permissions.Write,
}

// permit refuses a request that the session's user has no permission for. Nothing is looked up, so the answer is the
// same whether the conversation exists or not. What is refused counts for the session's rate.
func (s *session) permit(r *protocol.Request) *protocol.Error {
	if s.env.Policy == nil {
		return nil
	}
	verb, about := verbs[r.Type]
	if !about || s.may(verb, r.Conversation) {
		return nil
	}
	s.keepRate()
	return protocol.Forbidden()
}

// weighAgain ends the joins that the session's new subject does not allow. The writer may have asked for the older one
// a moment ago, so each join is decided here.
func (s *session) weighAgain() {
	if s.env.Policy == nil {
		return
	}
	for id, c := range s.joins {
		if !s.may(permissions.Read, id) {
			delete(s.joins, id)
			c.lose()
			s.env.Hub.Leave(&c.member)
		}
	}
}

// reap forgets the joins that were withdrawn since the last request.
func (s *session) reap() {
	if s.life == nil {
		return
	}
	lost := s.life.lost.Load()
	if lost == nil {
		return
	}
	s.out.mu.Lock()
	left := lost.takeLeft()
	s.out.mu.Unlock()
	for id, c := range s.joins {
		if slices.Contains(left, &c.member) {
			delete(s.joins, id)
		}
	}
}

// Weigh wakes every session and stream after each change of the policy, so that those who lost a permission hear of it
// though nothing new comes. It returns when ctx ends. Without a policy it need not run.
func (e *Env) Weigh(ctx context.Context) {
	for {
		changed := e.Policy.Changed()
		e.Hub.WakeAll()
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
