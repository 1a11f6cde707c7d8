//gate:story a real server, with a program that is broken off

package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"verbatim/protocol"
)

func TestDrainPutsAllThatWasSentOnTheRecord(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := Dial(ctx, Options{URL: s.address, Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := c.Send(ctx, numbered("ann", i)); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := c.Drain(ctx); left != 0 || err != nil {
		t.Fatalf("%d left: %v", left, err)
	}
	read := &reader{}
	run(t, Options{URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: read.handler(), Backoff: quick})
	read.holds(t, "ann", 100)
}

// bot runs a program that answers each question, until it has so many acks. It returns the Join of the last question
// whose answer is on the record. Sends beyond that are broken off.
func (s *real) bot(stood Join, answers int) Join {
	s.t.Helper()
	type place struct {
		id   protocol.MessageID
		join Join
	}
	asked, acked := make(chan place, 1000), make(chan protocol.MessageID, 1000)
	var c *Client
	c, err := New(Options{URL: s.address, Name: "bot", Joins: []Join{stood}, Unacked: 1000, Handler: Handler{
		Entry: func(e *Entry) {
			m, err := e.Message()
			if err != nil || m.From == "bot" {
				return
			}
			id, err := c.TrySend(Message{
				Conversation: "lobby", ID: protocol.MessageID(fmt.Sprint("answer-", m.Seq)), Target: m.Seq,
				Text: "answer to " + m.PlainText(),
			})
			if err != nil && !errors.Is(err, ErrClosed) {
				s.t.Errorf("send: %v", err)
			}
			if join, ok := c.Resume("lobby"); ok {
				asked <- place{id, join}
			}
		},
		Ack: func(a Ack) { acked <- a.ID },
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }() // the test's; ends with Close
	defer func() { c.Close(); <-ended }()
	for range answers {
		select {
		case id := <-acked:
			p := <-asked
			if p.id != id {
				s.t.Fatalf("the ack is of %s, want %s: acks come in the order of sending", id, p.id)
			}
			stood = p.join
		case <-time.After(patience):
			s.t.Fatal("no answer was recorded")
		}
	}
	return stood
}

func TestABotThatIsStartedAgainTenTimesAnswersEachQuestionOnce(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	const questions = 100
	s.says("question", questions)
	stood := everything
	for range 10 {
		s.bot(stood, 5) // what it kept is lost with it
		stood = s.bot(stood, 5)
	}
	read := &reader{}
	h := read.handler()
	var mu sync.Mutex
	answers := map[string]int{}
	h.Entry = func(e *Entry) {
		m, err := e.Message()
		mu.Lock()
		defer mu.Unlock()
		if err == nil && m.From == "bot" {
			answers[m.PlainText()]++
		}
		read.fresh <- struct{}{}
	}
	read.fresh = make(chan struct{}, 1000)
	stood = s.bot(stood, questions-50)
	if stood.After.Value < questions {
		t.Errorf("the bot stands at %d, want %d at least", stood.After.Value, questions)
	}
	run(t, Options{URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: h, Backoff: quick})
	for range 2 * questions {
		select {
		case <-read.fresh:
		case <-time.After(patience):
			t.Fatalf("%d answers came", len(answers))
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for i := range questions {
		if n := answers[fmt.Sprint("answer to question ", i)]; n != 1 {
			t.Errorf("question %d has %d answers", i, n)
		}
	}
}
