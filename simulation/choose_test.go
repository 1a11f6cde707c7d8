package simulation

import (
	"context"
	"fmt"
	"strings"

	"verbatim/protocol"
)

// anyConversation draws a conversation.
func (w *world) anyConversation() protocol.ConversationID {
	return protocol.ConversationID(fmt.Sprint("room", w.random.IntN(3)))
}

// choose draws what an author sends next: a new message, or an earlier one again.
func (m *model) choose(author protocol.UserID, id protocol.ConversationID) *message {
	if m.w.random.IntN(3) > 0 {
		return m.compose(author, id)
	}
	m.mu.Lock()
	var old []*message
	for _, msg := range m.messages {
		if msg.of(author, id) && msg.idMustBeKnown() && !msg.sentAt.IsZero() {
			old = append(old, msg)
		}
	}
	m.mu.Unlock()
	if len(old) == 0 {
		return m.compose(author, id)
	}
	msg := old[len(old)-1-m.w.random.IntN(min(len(old), 20))]
	if msg.acked && m.w.random.IntN(6) == 0 {
		variant := &message{conversation: id, author: author, id: msg.id, since: msg.since, variantOf: msg}
		return m.fresh(variant, "another text")
	}
	return msg
}

// compose draws a new message.
func (m *model) compose(author protocol.UserID, id protocol.ConversationID) *message {
	random := m.w.random
	size := random.IntN(200)
	switch h := &m.w.scenario; {
	case h.huge && random.IntN(6) == 0:
		size = random.IntN(150_000)
	case random.IntN(h.big) == 0:
		size = random.IntN(40_000)
	}
	msg := m.fresh(&message{conversation: id, author: author}, strings.Repeat("x", size))
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.conversation(id)
	if random.IntN(8) > 0 {
		msg.id = protocol.MessageID(fmt.Sprint("id-", msg.n))
	}
	if random.IntN(8) == 0 {
		msg.meta = fmt.Sprintf(`{"n":%d}`, msg.n)
	}
	if r.last > 0 && random.IntN(8) == 0 {
		msg.target = protocol.Seq(1 + random.IntN(int(r.last)))
	}
	if msg.id != "" && random.IntN(2) == 0 {
		msg.since = protocol.Number{Value: uint64(r.last), Set: true}
	}
	if msg.id != "" && random.IntN(3) == 0 {
		msg.prev = m.lastOf(author, id, msg.n)
	}
	return msg
}

// of reports whether a message is this author's, in this conversation, with an id of its own.
func (msg *message) of(author protocol.UserID, id protocol.ConversationID) bool {
	return msg.author == author && msg.conversation == id && msg.id != "" && msg.variantOf == nil
}

// lastOf returns an author's newest message with an id before message n, or nil.
func (m *model) lastOf(author protocol.UserID, id protocol.ConversationID, n int) *message {
	for n--; n >= 0; n-- {
		if msg := m.messages[n]; msg.of(author, id) {
			return msg
		}
	}
	return nil
}

// read reads from a drawn seq on, in a goroutine of its own.
func (s *server) read(id protocol.ConversationID) {
	tail, err := s.store.Tail(id)
	if err != nil || tail.Last == 0 {
		return
	}
	from := protocol.Seq(1 + s.w.random.IntN(int(tail.Last)))
	s.w.run(func() {
		batch, err := s.store.Read(context.Background(), id, tail.Log, from, tail.Last, 8<<10)
		if err != nil {
			if !s.w.model.dead.Load() && s.w.faults.get()+s.w.readFaults.get() == s.faults {
				s.w.fail("read %s from %d: %v", id, from, err)
			}
			return
		}
		if batch.First != from || batch.Len() == 0 {
			s.w.fail("read %s from %d gave %d entries from %d on", id, from, batch.Len(), batch.First)
		}
		for seq := batch.First; seq <= batch.Last(); seq++ {
			s.w.model.saw("a reader", id, seq, string(batch.Wire(seq)))
		}
	})
}

// mark raises a user's read mark.
func (s *server) mark(user protocol.UserID, id protocol.ConversationID) {
	tail, err := s.store.Tail(id)
	if err != nil || tail.Last == 0 {
		return
	}
	seq := protocol.Seq(1 + s.w.random.IntN(int(tail.Last)))
	s.w.model.marks(user, id, seq)
	s.store.Mark(id, user, seq)
}

// export reads a transcript's lines from the first on, in a goroutine of its own.
func (s *server) export(id protocol.ConversationID) {
	tail, err := s.store.Tail(id)
	if err != nil || tail.Last == 0 {
		return
	}
	s.w.run(func() {
		next := protocol.Seq(0)
		err := s.store.Lines(context.Background(), id, func(line []byte) error {
			if seq, ok := protocol.EntrySeq(line); next > 0 && (!ok || seq != next) {
				return fmt.Errorf("line %d of %s is entry %d", next+1, id, seq)
			}
			next++
			return nil
		})
		if err == nil && next <= tail.Last {
			s.w.fail("the transcript of %s ends before entry %d, and the last was %d", id, next, tail.Last)
		}
		if err != nil && strings.HasPrefix(err.Error(), "line") {
			s.w.fail("%v", err)
		}
	})
}
