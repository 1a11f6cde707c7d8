package session

import (
	"slices"
	"sync/atomic"

	"verbatim/hub"
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
	leaving []*hub.Member // that are still to leave the hub; owned by the writer
	left    []*hub.Member // that have left, and are still in session.joins; guarded by outbound.mu
}

// lose notes a join that was lost. The writer calls it.
func (r *rights) lose(m *hub.Member) {
	l := r.lost.Load()
	if l == nil {
		l = &lostJoins{}
		r.lost.Store(l)
	}
	l.leaving = append(l.leaving, m)
}

// takeLeft returns the joins that have left since the last call. outbound.mu is held.
func (l *lostJoins) takeLeft() []*hub.Member {
	left := l.left
	l.left = nil
	return left
}

// leave notes that the joins that were lost have left. The writer calls it. outbound.mu is held.
func (l *lostJoins) leave() {
	l.left = slices.Concat(l.left, l.leaving)
	l.leaving = nil
}

// withdrawn is what a client is told of a join that it lost.
func withdrawn(id protocol.ConversationID) protocol.Left {
	return protocol.Left{Conversation: id, Code: protocol.CodeForbidden, Reason: protocol.Forbidden().Reason}
}
