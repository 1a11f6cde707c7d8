package client

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// news is what a client told, as words. Safe for concurrent use.
type news struct {
	t     *testing.T
	mu    sync.Mutex
	words []string
	fresh chan struct{} // capacity 1
}

func newNews(t *testing.T) *news { return &news{t: t, fresh: make(chan struct{}, 1)} }

func (n *news) add(format string, args ...any) {
	n.mu.Lock()
	n.words = append(n.words, fmt.Sprintf(format, args...))
	n.mu.Unlock()
	select {
	case n.fresh <- struct{}{}:
	default:
	}
}

func (n *news) handler() Handler {
	return Handler{
		Entry:  func(e *Entry) { n.add("entry %d", e.Seq) },
		Ack:    func(a Ack) { n.add("ack %s %d", a.ID, a.Seq) },
		Refuse: func(r Refusal) { n.add("refused %s %s", r.ID, r.Err.Code) },
		Joined: func(j Joined) {
			n.add("joined %s %d-%d resumed=%v missed=%d", j.Log, j.First, j.Last, j.Resumed, j.Missed)
		},
		Reset:        func(r Reset) { n.add("reset %s %d", r.Log, r.Seq) },
		Left:         func(l Left) { n.add("left %s", l.Code) },
		Connected:    func(c Connected) { n.add("connected again=%v", c.Again) },
		Disconnected: func(Disconnected) { n.add("disconnected") },
		Violation:    func(v Violation) { n.add("violation %s", v.Kind) },
	}
}

// expect waits for exactly these words, in this order, after which come no others that were told already.
func (n *news) expect(want ...string) {
	n.t.Helper()
	limit := time.After(time.Hour)
	for {
		n.mu.Lock()
		got := append([]string(nil), n.words...)
		if len(got) >= len(want) {
			n.words = nil
		}
		n.mu.Unlock()
		if len(got) >= len(want) {
			if fmt.Sprint(got) != fmt.Sprint(want) {
				n.t.Fatalf("told\n got %q\nwant %q", got, want)
			}
			return
		}
		select {
		case <-n.fresh:
		case <-limit:
			n.t.Fatalf("told %q within an hour, want %q", got, want)
		}
	}
}

// day is longer than any test takes, in its bubble of time.
const day = 24 * time.Hour

// run starts a client, which ends with its test at the latest.
func run(t *testing.T, o Options) (c *Client, ended chan error) {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), day) // a client that never gives up fails its test
	go func() { ended <- c.Run(ctx) }()                           // the test's; ends with Close
	t.Cleanup(cancel)
	t.Cleanup(c.Close)
	return c, ended
}
