package client

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/protocol"
)

// Both callbacks change a count without a lock, which the race detector sees too.
func TestARefusalOfTheClientsOwnWaitsForTheCallbackThatRuns(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		var c *Client
		calls, within := 0, atomic.Int64{}
		enter := func() {
			calls++
			if within.Add(1) > 1 {
				t.Error("two callbacks run at the same time")
			}
		}
		report := o.Handler
		o.Handler.Entry = func(e *Entry) {
			enter()
			defer within.Add(-1)
			sayTooMuch(t, c, "big")
			time.Sleep(time.Minute) // of the bubble: the writer has all the time to call
			report.Entry(e)
		}
		o.Handler.Refuse = func(r Refusal) {
			enter()
			defer within.Add(-1)
			report.Refuse(r)
		}
		ready := make(chan struct{})
		o.Handler.Joined = func(Joined) { <-ready }
		c, _ = run(t, o)
		close(ready)
		k := f.next()
		k.joins("log1", "1", "0")
		k.entry("message", "1")
		n.expect("connected again=false", "entry 1", "refused big too_large")
		if synctest.Wait(); calls != 2 {
			t.Errorf("%d calls, want 2", calls)
		}
	})
}

// The server is silent: only the client itself can end the wait of its reader.
func TestARefusalOfTheClientsOwnWaitsForNoWordOfTheServer(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		n.expect("connected again=false", "joined log1 1-0 resumed=false missed=0")
		for _, id := range []string{"big", "bigger"} {
			began := time.Now()
			sayTooMuch(t, c, id)
			n.expect("refused " + id + " too_large")
			if took := time.Since(began); took > 0 {
				t.Errorf("%s: reported after %v of the bubble's time, want at once", id, took)
			}
		}
		k.entry("message", "1") // the connection is as it was
		n.expect("entry 1")
		if s := c.Stats(); s.Disconnects != 0 {
			t.Errorf("%d disconnects, want none", s.Disconnects)
		}
	})
}

// Closing reads what still comes, and not on Run's goroutine.
func TestARefusalOfTheClientsOwnIsToldOnceThoughTheClientCloses(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		var c *Client
		var once sync.Once
		told, within := 0, atomic.Bool{}
		o.Handler.Refuse = func(Refusal) {
			told++
			if within.Load() {
				t.Error("two callbacks run at the same time")
			}
		}
		closed := make(chan struct{})
		o.Handler.Entry = func(*Entry) {
			within.Store(true)
			defer within.Store(false)
			sayTooMuch(t, c, "big")
			time.Sleep(time.Second) // of the bubble: the writer takes it out
			once.Do(func() {
				go func() { // the test's, which waits for it below; ends with the client
					defer close(closed)
					c.Close()
				}()
			})
			time.Sleep(time.Second) // of the bubble: the closing handshake reads
		}
		ready := make(chan struct{})
		o.Handler.Joined = func(Joined) { <-ready }
		c, _ = run(t, o)
		close(ready)
		k := f.next()
		k.joins("log1", "1", "0")
		k.entry("message", "1")
		if <-closed; told != 1 {
			t.Errorf("told %d times, want once", told)
		}
	})
}

// sayTooMuch sends a message for which the server would close the connection.
func sayTooMuch(t *testing.T, c *Client, id string) {
	t.Helper()
	m := Message{Conversation: "lobby", ID: protocol.MessageID(id), Text: strings.Repeat("x", 140_000)}
	if _, err := c.TrySend(m); err != nil {
		t.Error(err)
	}
}
