package simulation

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"verbatim/persistence"
	"verbatim/protocol"
)

// authors use a store directly, in several conversations: they send, send again, read and mark.
type authors struct {
	s      *server
	people []*author

	mu   sync.Mutex
	next map[protocol.ConversationID]protocol.Seq // the next seq to be published, by conversation
	gone <-chan struct{}
}

// author sends to the store one message after another, as a session does.
type author struct {
	a    *authors
	name protocol.UserID
	todo chan *message // never full: the driver checks before it sends; closed at the end of the incarnation
	last map[protocol.ConversationID]*message
}

const maxTodo = 64

func newAuthors(s *server) clients {
	a := &authors{s: s, next: make(map[protocol.ConversationID]protocol.Seq)}
	s.store.SetPublisher(a)
	var all []<-chan struct{}
	for i := range 3 {
		p := &author{
			a: a, name: protocol.UserID(fmt.Sprint("user", i)), todo: make(chan *message, maxTodo),
			last: make(map[protocol.ConversationID]*message),
		}
		a.people = append(a.people, p)
		all = append(all, s.w.run(p.work))
	}
	a.gone = s.w.run(func() {
		for _, one := range all {
			<-one
		}
	})
	return a
}

// work sends what is to do until todo is closed. It waits for space in the store's queues and for the disk.
func (p *author) work() {
	for msg := range p.todo {
		p.a.s.w.park(fmt.Sprint("send ", msg.n), nil)
		send := &persistence.Send{Message: persistence.Message{
			Conversation: msg.conversation, Author: msg.author, ID: msg.id,
			Text: msg.text, Target: msg.target, Meta: msg.meta,
			Since: msg.since, Ref: strconv.Itoa(msg.n),
		}, Completion: p}
		if msg.prev != nil {
			send.Prev = msg.prev.id
		}
		if err := p.a.s.store.Send(context.Background(), send); err != nil {
			p.a.s.w.model.answered(msg.conversation, msg.author, msg.n, ack{}, protocol.CodeUnavailable)
		}
	}
}

func (p *author) Completed(s *persistence.Send) {
	n, _ := strconv.Atoi(s.Ref)
	code := protocol.Code("")
	if s.Err != nil {
		code = s.Err.Code
	}
	p.a.s.w.model.answered(s.Conversation, s.Author, n, ack{s.Seq, s.Time, s.Sum, s.Duplicate}, code)
}

// Publish implements persistence.Publisher: what is published counts as seen.
func (a *authors) Publish(id protocol.ConversationID, b *persistence.Entries) {
	a.s.w.park("publish "+string(id), nil)
	tail, err := a.s.record.Tail(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	if next := a.next[id]; err != nil || tail.Last < b.Last() || next != 0 && b.First != next {
		a.s.w.fail("%s: entries %d to %d were published; before were up to %d, and the record has up to %d",
			id, b.First, b.Last(), next-1, tail.Last)
	}
	a.next[id] = b.Last() + 1
	for seq := b.First; seq <= b.Last(); seq++ {
		a.s.w.model.saw("a member", id, seq, string(b.Wire(seq)))
	}
}

func (a *authors) act() {
	w := a.s.w
	p := a.people[w.random.IntN(len(a.people))]
	id := w.anyConversation()
	switch n := w.random.IntN(20); {
	case n < 15:
		if msg := w.model.choose(p.name, id); msg != nil && len(p.todo) < maxTodo {
			w.model.sent(msg)
			p.todo <- msg
		}
	case n < 17:
		a.s.read(id)
	case n < 18:
		a.s.mark(p.name, id)
	case n < 19:
		a.s.export(id)
	default:
		a.s.w.run(func() { a.s.store.List(persistence.Which{}, "", 10) })
	}
}

func (a *authors) heal() {
	for _, p := range a.people {
		msg := a.s.w.model.compose(p.name, a.s.w.anyConversation())
		a.s.w.model.sent(msg)
		p.todo <- msg
	}
}

func (a *authors) hung() string { return a.s.w.model.unanswered() }

func (a *authors) end() {
	for _, p := range a.people {
		close(p.todo)
	}
	<-a.gone
}
