//gate:story a real server, killed

package client

import (
	"context"
	"fmt"
	"testing"
	"time"

	"verbatim/protocol"
)

func TestKillingTheServerLosesDoublesAndReordersNothing(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	const messages, kills = 3000, 3
	read := &reader{}
	bob, _ := run(t, Options{
		URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: read.handler(), Backoff: quick,
	})
	acks := make(chan Ack, messages)
	faults := make(chan error, messages)
	ann, _ := run(t, Options{
		URL: s.address, Name: "ann", Joins: []Join{{Conversation: "lobby", Limit: LiveOnly}},
		Unacked: 64, Backoff: quick,
		Handler: Handler{
			Ack:       func(a Ack) { acks <- a },
			Refuse:    func(r Refusal) { faults <- r.Err },
			Violation: func(v Violation) { faults <- v },
		},
	})
	go func() { // ends with the last message taken, or with the client
		for i := range messages {
			if _, err := ann.Send(context.Background(), numbered("ann", i)); err != nil {
				return
			}
		}
	}()
	limit := time.After(patience)
	for i := range messages {
		if (i+1)%(messages/(kills+1)) == 0 && i+1 < messages {
			s.kill() // with a full outbox
			s.start()
		}
		select {
		case a := <-acks:
			if want := protocol.MessageID(fmt.Sprint("ann-", i)); a.ID != want || a.Seq != protocol.Seq(i+1) {
				t.Fatalf("ack %d is of %s at seq %d", i, a.ID, a.Seq)
			}
		case err := <-faults:
			t.Fatal(err)
		case <-limit:
			t.Fatalf("%d acks came: %+v", i, ann.Stats())
		}
	}
	read.holds(t, "ann", messages)
	t.Logf("ann %+v\nbob %+v", ann.Stats(), bob.Stats())
	if ann.Stats().Reconnects < kills {
		t.Errorf("ann reconnected %d times, want %d: was the server killed?", ann.Stats().Reconnects, kills)
	}
}

func TestAReaderWhoseConnectionBreaksManyTimesGetsEachEntryOnce(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	const messages = 3000
	read := &reader{}
	bob, _ := run(t, Options{
		URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: read.handler(),
		Backoff: Backoff{Initial: time.Millisecond, Max: time.Millisecond},
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ann, err := Dial(ctx, Options{URL: s.address, Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	defer ann.Close()
	for i := range messages {
		if i%100 == 50 {
			bob.Reconnect()
		}
		if _, err := ann.Send(ctx, numbered("ann", i)); err != nil {
			t.Fatal(err)
		}
	}
	read.holds(t, "ann", messages)
	if bob.Stats().Reconnects == 0 {
		t.Error("bob never reconnected")
	}
}
