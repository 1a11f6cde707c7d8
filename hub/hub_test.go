package hub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/wake"
)

// tails is a record of which only the tails are used; marks cannot be read from it.
type tails struct {
	persistence.Record
	last atomic.Uint64 // of every conversation
}

func (r *tails) Tail(protocol.ConversationID) (persistence.Tail, error) {
	return persistence.Tail{Last: protocol.Seq(r.last.Load())}, nil
}

func (*tails) Marks(protocol.ConversationID) (map[protocol.UserID]protocol.Seq, error) {
	return nil, errors.New("the marks are not readable")
}

// run starts a hub, which ends when stop is called.
func run(t *testing.T, r *tails, shards int) (h *Hub, stop func()) {
	t.Helper()
	h = New(persistence.New(r, nil, 1000, Options{}.Log), Options{Goroutines: shards})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }() // the test's; ends with ctx
	return h, func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}
}

// add publishes one more entry of the lobby.
func (r *tails) add(h *Hub) {
	seq := protocol.Seq(r.last.Add(1))
	h.Publish("lobby", someEntries(seq, 1, 10))
}

func TestAWaitEndsWithTheNextEntryOrItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &tails{}
		h, stop := run(t, r, 2)
		defer stop()
		waited := make(chan error, 1)
		go func() { waited <- h.Wait(context.Background(), "lobby", 1) }() // the test's; ends with the second entry
		r.add(h)
		synctest.Wait()
		if len(waited) > 0 {
			t.Error("an entry that is not above the seq ended the wait")
		}
		r.add(h)
		if err := <-waited; err != nil {
			t.Errorf("after the second entry: %v", err)
		}

		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := h.Wait(ctx, "lobby", 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without an entry: %v", err)
		}
	})
}

func TestAConversationWithoutMembersEndsAndItsSuccessorIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, stop := run(t, &tails{}, 2)
		defer stop()
		for range 3 {
			m := &Member{Kind: Reading, User: "ann", Waker: wake.New()}
			if s := h.Join(m, "lobby"); string(s.Online) != `["ann"]` || s.Count != 1 {
				t.Errorf("joined: %+v", s)
			}
			if got := h.Stats(); got.Conversations != 1 || got.Members != 1 || h.Online("lobby") != 1 {
				t.Errorf("with one member: %+v, online %d", got, h.Online("lobby"))
			}
			h.Leave(m)
			h.Leave(m) // the second one changes nothing
			time.Sleep(leaveAfter + 2*tick)
			synctest.Wait()
			if got := h.Stats(); got != (Stats{}) || h.Online("lobby") != 0 {
				t.Errorf("without members: %+v, online %d", got, h.Online("lobby"))
			}
		}
	})
}

func TestAHubThatHasEndedKeepsNobodyWaiting(t *testing.T) {
	r := &tails{}
	h, stop := run(t, r, 2)
	m := &Member{Kind: Reading, User: "ann", Waker: wake.New()}
	h.Join(m, "lobby")
	stop()
	for range 2 * maxCommands { // more than a shard's queue has room for
		h.Typing(m)
		r.add(h)
	}
	if s := h.Join(&Member{Kind: Reading, User: "bob", Waker: wake.New()}, "lobby"); string(s.Online) != "[]" {
		t.Errorf("joined: %s", s.Online)
	}
	if err := h.Wait(context.Background(), "lobby", 1<<40); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
}

// Sessions read the ring and the ephemera while shards write them: the race detector looks on.
func TestManyReadManyConversationsWhileEntriesCome(t *testing.T) {
	const conversations, members, entries = 4, 8, 200
	r := &tails{}
	h, stop := run(t, r, 2)
	defer stop()
	var reading, writing sync.WaitGroup
	for n := range conversations {
		id := protocol.ConversationID(fmt.Sprint("lobby", n))
		joined := make(chan struct{}, members)
		for k := range members {
			reading.Go(func() {
				woken := wake.New()
				m := &Member{Kind: Reading, User: protocol.UserID(fmt.Sprint("u", k)), Waker: woken}
				h.Join(m, id)
				joined <- struct{}{}
				for at := protocol.Seq(0); at < entries; <-woken {
					m.Awake()
					h.Typing(m)
					if _, behind := m.Ephemera(nil); behind {
						h.Resync(m)
					}
					for last := m.Last(); at < last; at++ {
						if b := m.Find(at + 1); b != nil && !b.Holds(at+1) {
							t.Errorf("looked for %d, found %d to %d", at+1, b.First, b.Last())
						}
					}
					if at == entries {
						break
					}
				}
				h.Leave(m)
			})
		}
		writing.Go(func() {
			for range members {
				<-joined
			}
			for seq := range protocol.Seq(entries) {
				h.Publish(id, someEntries(seq+1, 1, 10))
			}
		})
	}
	writing.Wait()
	reading.Wait()
}

func TestWakeAllWakesMembersOfEveryKindInEveryConversation(t *testing.T) {
	h, stop := run(t, &tails{}, 2)
	defer stop()
	var woken []wake.Signal
	for i := range 20 {
		for _, kind := range []Kind{Reading, Following, Waiting} {
			signal := wake.New()
			m := &Member{Kind: kind, User: "ann", Waker: signal}
			h.Join(m, protocol.ConversationID(fmt.Sprintf("c%d", i)))
			woken = append(woken, signal)
		}
	}
	h.WakeAll()
	for _, signal := range woken {
		<-signal
	}
}
