package promises

import "verbatim/protocol"

// session is one open connection.
type session struct {
	name  string
	user  protocol.UserID
	sent  map[protocol.ConversationID]*sends
	joins map[protocol.ConversationID][]join // without an answer, oldest first
	reads map[protocol.ConversationID]*cursor
}

func newSession(name string, user protocol.UserID) *session {
	return &session{
		name: name, user: user,
		sent:  map[protocol.ConversationID]*sends{},
		joins: map[protocol.ConversationID][]join{},
		reads: map[protocol.ConversationID]*cursor{},
	}
}

// sends are a session's sends to one conversation.
type sends struct {
	next    int // the number of the next send
	waiting []send
	acked   int          // one more than the number of the newest acked send
	newest  protocol.Seq // of its acks that are no duplicates
}

// send is one sending of a message.
type send struct {
	number    int
	message   *message
	prevAcked bool // its prev was acked before
}

// to returns the session's sends to a conversation.
func (s *session) to(id protocol.ConversationID) *sends {
	w := s.sent[id]
	if w == nil {
		w = &sends{}
		s.sent[id] = w
	}
	return w
}

// reply removes and returns the oldest send with this id, which a reply answers. ok is false if there is none.
func (w *sends) reply(id protocol.MessageID) (sent send, ok bool) {
	for i, a := range w.waiting {
		if a.message.id == id {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			return a, true
		}
	}
	return send{}, false
}

// join is a join without an answer: after which seq (-1: none was given), and how far the conversation had come.
type join struct {
	after int64
	marks
}

// cursor is where a session reads in a conversation.
type cursor struct {
	next    protocol.Seq
	resumed bool // after was given, and no entry has come yet
}
