//gate:story a real server, whose data is removed or replaced

package client

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestAWipedDataDirectoryIsToldAsAReset(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	n := newNews(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h := n.handler()
	h.Connected, h.Disconnected, h.Ack = nil, nil, nil
	h.Joined = func(j Joined) { n.add("joined %d-%d resumed=%v", j.First, j.Last, j.Resumed) }
	h.Reset = func(r Reset) { n.add("reset %d", r.Seq) }
	c, err := Dial(ctx, Options{
		URL: s.address, Name: "ann", Joins: []Join{{Conversation: "lobby"}}, Handler: h, Backoff: quick,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n.expect("joined 1-0 resumed=false")
	for range 3 {
		if _, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: "hi"}); err != nil {
			t.Fatal(err)
		}
	}
	n.expect("entry 1", "entry 2", "entry 3")
	for log, _ := c.Position("lobby"); log == ""; log, _ = c.Position("lobby") { // asked for with entry 1
		if err := c.Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.kill()
	if err := os.RemoveAll(s.data); err != nil {
		t.Fatal(err)
	}
	s.start()
	n.expect("reset 3", "joined 1-0 resumed=false")
	if a, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: "hi"}); err != nil || a.Seq != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	n.expect("entry 1")
}

// The reader never sends, so the only sums that it is told are those of its joins.
func TestAReaderIsToldThatAnOlderCopyOfTheDataWasPutBack(t *testing.T) {
	s := newReal(t)
	s.says("common", 3)
	var mu sync.Mutex
	var texts []string
	came, resets, joins := make(chan string, 100), make(chan Reset, 1), make(chan Joined, 100)
	c, err := New(Options{URL: s.address, Name: "reader", Joins: []Join{{Conversation: "lobby"}}, Handler: Handler{
		Entry: func(e *Entry) {
			m, err := e.Message()
			if err != nil {
				t.Errorf("entry %s: %v", e.JSON, err)
			}
			mu.Lock()
			texts = append(texts, m.PlainText())
			mu.Unlock()
			came <- m.PlainText()
		},
		Reset: func(r Reset) {
			mu.Lock()
			texts = nil
			mu.Unlock()
			resets <- r
		},
		Joined:    func(j Joined) { joins <- j },
		Violation: func(v Violation) { t.Errorf("violation: %v", v) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }() // the test's; ends with Close
	t.Cleanup(func() { c.Close(); <-ended })
	waitFor := func(text string) {
		t.Helper()
		for limit := time.After(patience); ; {
			select {
			case got := <-came:
				if got == text {
					return
				}
			case <-limit:
				t.Fatalf("%q did not come within %v", text, patience)
			}
		}
	}
	waitFor("common 2")
	<-joins
	s.says("shared", 2)
	waitFor("shared 1")
	s.end(syscall.SIGTERM)
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(s.data)); err != nil {
		t.Fatal(err)
	}
	s.start()
	if j := <-joins; j.Last != 5 {
		t.Fatalf("the reader came back to %d entries, want 5", j.Last)
	}
	s.says("first history", 3) // their sums are told to their author alone
	waitFor("first history 2")
	s.end(syscall.SIGTERM)

	// The copy gets other entries before the reader is back.
	apart := newReal(t)
	apart.end(syscall.SIGTERM)
	apart.data = older
	apart.start()
	apart.says("second history", 5)
	apart.end(syscall.SIGTERM)
	s.data = older
	s.start()
	select {
	case r := <-resets:
		if r.Seq != 8 {
			t.Errorf("the reset says that what was delivered up to %d is gone, want 8", r.Seq)
		}
	case <-time.After(patience):
		t.Fatalf("there was no reset within %v", patience)
	}
	held := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(texts)
	}
	for len(held()) < 10 {
		<-came
	}
	if got := held(); len(got) != 10 || got[4] != "shared 1" || got[5] != "second history 0" {
		t.Errorf("after the reset came %q, want all 10 entries of the record as it is", got)
	}
}
