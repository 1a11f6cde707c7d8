package session

import (
	"context"
	"slices"
	"sync/atomic"

	"verbatim/permissions"
	"verbatim/protocol"
)

// What a session may do is decided by Env.Policy, for the subject of its credential: before each request, and again
// before each write of a conversation's entries if anything has changed since. So no entry that was committed after a
// change goes to a session that lost its permission by it.

// rights is for whom a session asks Env.Policy, and the joins that it lost. It is small, since ten thousand sessions
// have one.
type rights struct {
	subject atomic.Pointer[permissions.Subject] // set by the reader, when its token is renewed
	lost    atomic.Pointer[lostJoins]           // set by the writer, when the first is lost
}

// lostJoins are the joins that a session lost by changes of the policy.
type lostJoins struct {
	leaving []*cursor // that are still to leave the hub; owned by the writer
	left    []*cursor // that have left, and are still in session.joins; guarded by outbound.mu
}

// may reports whether the session's user may do this in the conversation.
func (l *link) may(v permissions.Verb, id protocol.ConversationID) bool {
	if l.env.Policy == nil {
		return true
	}
	return l.env.Policy.May(l.life.subject.Load(), v, id)
}

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

// weighAnew ends the joins that the session's new subject does not allow. The writer may have asked for the older one a
// moment ago, so each join is decided here.
func (s *session) weighAnew() {
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

func withdrawn(id protocol.ConversationID) protocol.Left {
	return protocol.Left{Conversation: id, Code: protocol.CodeForbidden, Reason: protocol.Forbidden().Reason}
}

// allowed reports whether the user may still read the conversation. It asks only after a change. out.mu is held.
func (c *cursor) allowed() bool {
	if c.out.env.Policy == nil {
		return true
	}
	weighing := c.out.env.Policy.Generation() + 1 // 0: it was not asked yet
	if weighing == c.weighed {
		return true
	}
	if !c.out.may(permissions.Read, c.member.Conversation.ID) {
		return false
	}
	c.weighed = weighing
	return true
}

// lose stops the cursor and queues `left`, unless the writer has done so. The reader calls it.
func (c *cursor) lose() {
	o := c.out
	o.mu.Lock()
	if !c.gone {
		c.stop()
		o.backlog.replies = protocol.FrameTo(o.backlog.replies, withdrawn(c.member.Conversation.ID))
	}
	o.mu.Unlock()
	o.wake()
}

// withdraw stops the cursor and adds `left`. The writer calls it. out.mu is held.
func (c *cursor) withdraw(out []byte) []byte {
	c.stop()
	r := &c.out.life.rights
	if r.lost.Load() == nil {
		r.lost.Store(&lostJoins{})
	}
	l := r.lost.Load()
	l.leaving = append(l.leaving, c)
	return protocol.FrameTo(out, withdrawn(c.member.Conversation.ID))
}

// leaveWithdrawn has the cursors that were withdrawn leave the hub. The hub's queue may be full, so mu is not held.
func (o *outbound) leaveWithdrawn() {
	if o.life == nil {
		return
	}
	l := o.life.lost.Load()
	if l == nil || len(l.leaving) == 0 {
		return
	}
	for _, c := range l.leaving {
		o.env.Hub.Leave(&c.member)
	}
	o.mu.Lock()
	l.left = append(l.left, l.leaving...)
	o.mu.Unlock()
	l.leaving = nil
}

// reap forgets the joins that were withdrawn since the last request.
func (s *session) reap() {
	if s.life == nil {
		return
	}
	l := s.life.lost.Load()
	if l == nil {
		return
	}
	s.out.mu.Lock()
	left := l.left
	l.left = nil
	s.out.mu.Unlock()
	for id, c := range s.joins {
		if slices.Contains(left, c) {
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

// allowed reports whether who asked for the stream may still read the conversation.
func (s *stream) allowed(id protocol.ConversationID) bool {
	return s.env.Policy == nil || s.env.Policy.May(s.subject, permissions.Read, id)
}

// withdraw ends a stream with `left`: its client asks again, and is refused. The error is of the connection.
func (s *stream) withdraw(id protocol.ConversationID) error {
	out := withdrawn(id).AppendJSON([]byte("event: left\ndata: "))
	if err := s.send(append(out, "\n\n"...), 0); err != nil {
		return err
	}
	s.env.reading.dismiss(s, &farewell{code: protocol.CloseForbidden, reason: protocol.Forbidden().Reason})
	return nil
}
