package simulation

import (
	"fmt"

	"verbatim/protocol"
)

// lost ends an author's connection: the fate of its sends without an answer is unknown, and no answer will come.
func (m *model) lost(author protocol.UserID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.conversations {
		for _, msg := range r.waiting[author] {
			msg.unknown = true
			msg.inFlight--
		}
		delete(r.waiting, author)
		delete(r.unordered, author)
	}
}

// unanswered names a send without an answer; empty: there is none.
func (m *model) unanswered() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.messages {
		if msg.inFlight > 0 {
			return fmt.Sprintf("message %d of %s in %s has no answer", msg.n, msg.author, msg.conversation)
		}
	}
	return ""
}

// last returns the greatest seq that was acked or seen.
func (m *model) last(id protocol.ConversationID) protocol.Seq {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conversation(id).last
}

// marks notes that a user sets a read mark.
func (m *model) marks(user protocol.UserID, id protocol.ConversationID, seq protocol.Seq) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.conversation(id)
	if r.marks[user] == nil {
		r.marks[user] = &mark{}
	}
	r.marks[user].set = max(r.marks[user].set, seq)
}

func placeKey(user protocol.UserID, id protocol.ConversationID) string {
	return string(user) + " " + string(id)
}

// place returns a person's position in a conversation.
func (m *model) place(user protocol.UserID, id protocol.ConversationID) place {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.places[placeKey(user, id)]
}

// placed notes a person's position: after an entry, or where a join begins.
func (m *model) placed(user protocol.UserID, id protocol.ConversationID, p place, joined bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !joined {
		p.log = m.places[placeKey(user, id)].log
	}
	m.places[placeKey(user, id)] = p
}
