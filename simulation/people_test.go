package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/rs/zerolog"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/session"
)

// people use a server as clients do: through sessions, over sockets. The model remembers their positions across
// incarnations.
type people struct {
	s     *server
	hub   *hub.Hub
	env   *session.Env
	all   []*person
	drain context.CancelFunc // ends the sessions
	stop  context.CancelFunc // ends the hub
	hubIs <-chan struct{}    // closed when the hub has ended
	live  sync.WaitGroup     // sessions
}

// parkingHub is a hub to which entries are published when the driver lets them.
type parkingHub struct {
	*hub.Hub
	w *world
}

func (p parkingHub) Publish(id protocol.ConversationID, b *persistence.Entries) {
	p.w.park("publish "+string(id), nil)
	p.Hub.Publish(id, b)
}

// place is a person's position in a conversation. It outlives the server.
type place struct {
	at  protocol.Seq
	log protocol.LogID
}

func newPeople(s *server) clients {
	p := &people{s: s, hub: hub.New(s.store, hub.Options{Goroutines: 1, Log: zerolog.Nop()})}
	s.store.SetPublisher(parkingHub{p.hub, s.w})
	limits := protocol.DefaultLimits()
	limits.Rate, limits.Text, limits.Frame = 0, 1<<20, 2<<20
	p.env = &session.Env{
		Store: s.store, Hub: p.hub, Limits: &limits, Version: "test", Log: zerolog.Nop(), Counters: &session.Counters{},
	}
	var running, sessions context.Context
	running, p.stop = context.WithCancel(context.Background())
	sessions, p.drain = context.WithCancel(context.Background())
	p.hubIs = s.w.run(func() { _ = p.hub.Run(running) })
	for i := range 3 {
		p.all = append(p.all, &person{p: p, ctx: sessions, name: protocol.UserID(fmt.Sprint("user", i))})
	}
	return p
}

func (p *people) act() {
	w := p.s.w
	one := p.all[w.random.IntN(len(p.all))]
	id := w.anyConversation()
	if !one.connected() {
		one.connect()
	}
	switch n := w.random.IntN(24); {
	case n < 12:
		if msg := w.model.choose(one.name, id); msg != nil {
			one.send(msg)
		}
	case n < 17:
		one.join(id, true)
	case n < 18:
		one.leave(id)
	case n < 20:
		one.history(id)
	case n < 21:
		one.mark(id)
	case n < 22:
		one.say(`{"type":"typing","conversation":%q}`, id)
	case n < 23:
		one.drop()
	default:
		p.s.export(id)
	}
}

// heal has each person join every conversation and send a message.
func (p *people) heal() {
	for _, one := range p.all {
		if !one.connected() {
			one.connect()
		}
		for i := range 3 {
			one.join(protocol.ConversationID(fmt.Sprint("room", i)), false)
		}
		one.send(p.s.w.model.compose(one.name, p.s.w.anyConversation()))
	}
}

func (p *people) hung() string {
	for _, one := range p.all {
		one.mu.Lock()
		for i := range 3 {
			id := protocol.ConversationID(fmt.Sprint("room", i))
			tail, _ := p.s.record.Tail(id)
			if c := one.joins[id]; c == nil || !c.reading || c.next != tail.Last+1 {
				one.mu.Unlock()
				return fmt.Sprintf("%s is in %s at %+v, and the last is %d", one.name, id, c, tail.Last)
			}
		}
		one.mu.Unlock()
	}
	return p.s.w.model.unanswered()
}

func (p *people) end() {
	if p.s.w.model.dead.Load() {
		for _, one := range p.all {
			one.drop()
		}
	}
	p.drain()
	p.live.Wait()
	p.stop()
	<-p.hubIs
}

// serve runs a session on a socket.
func (p *people) serve(ctx context.Context, s *socket, name protocol.UserID) {
	p.live.Go(func() { // ends with the socket, or when the server drains
		c, err := session.Upgrade(answer{s, make(http.Header)}, s.request())
		if err != nil {
			p.s.w.fail("upgrade: %v", err)
			return
		}
		_ = session.Run(ctx, c, p.env, session.User{ID: name}, nil) // its error says why the client is gone
	})
}

// said is an object of the server, with the fields that matter here.
type said struct {
	Type, Code, Reason, Ref, Conversation, Log, Time, Sum string
	Seq, First, Last                                      protocol.Seq
	Duplicate                                             bool
	Messages                                              []json.RawMessage
}
