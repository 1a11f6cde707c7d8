package simulation

import (
	"fmt"

	"verbatim/protocol"
)

// lost is an author's connection that ended: what it had sent and got no answer for is unknown, and no answer comes.
func (m *model) lost(author protocol.UserID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rooms {
		for _, msg := range r.waiting[author] {
			msg.unknown = true
			msg.onWay--
		}
		delete(r.waiting, author)
		delete(r.blurred, author)
	}
}

// unanswered gives a send that got no answer, for who waited long enough.
func (m *model) unanswered() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.messages {
		if msg.onWay > 0 {
			return fmt.Sprintf("message %d of %s in %s has no answer", msg.n, msg.author, msg.room)
		}
	}
	return ""
}

// last gives the greatest seq that was acked or seen.
func (m *model) last(id protocol.ConversationID) protocol.Seq {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.room(id).last
}

// marks notes that a user's read mark is raised.
func (m *model) marks(user protocol.UserID, id protocol.ConversationID, seq protocol.Seq) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.room(id)
	if r.marks[user] == nil {
		r.marks[user] = &mark{}
	}
	r.marks[user].set = max(r.marks[user].set, seq)
}

func placeKey(user protocol.UserID, id protocol.ConversationID) string {
	return string(user) + " " + string(id)
}

// place says how far a person has come.
func (m *model) place(user protocol.UserID, id protocol.ConversationID) place {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.places[placeKey(user, id)]
}

// placed notes how far a person has come: in a join that begins there, or by an entry more.
func (m *model) placed(user protocol.UserID, id protocol.ConversationID, p place, joined bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !joined {
		p.log = m.places[placeKey(user, id)].log
	}
	m.places[placeKey(user, id)] = p
}
