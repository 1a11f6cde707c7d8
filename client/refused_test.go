//gate:story a real server, that drains, refuses or is not there

package client

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestADrainingServerIsLeftAndFoundAgain(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	why := make(chan Disconnected, 100)
	h := Handler{Disconnected: func(d Disconnected) { why <- d }}
	c, err := Dial(ctx, Options{URL: s.address, Name: "ann", Handler: h})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.end(syscall.SIGTERM)
	if d := <-why; !strings.Contains(d.Err.Error(), "retry_after=") || d.Retry < time.Second {
		t.Errorf("disconnected: %v, again in %v", d.Err, d.Retry)
	}
	s.start()
	if a, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: "hi"}); err != nil || a.Seq != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	entries, more, err := c.History(ctx, Page{Conversation: "lobby"})
	if err != nil || more || len(entries) != 1 || entries[0].PlainText() != "hi" {
		t.Errorf("history: %+v %v %v", entries, more, err)
	}
}

func TestDialSaysWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	once := Handler{Disconnected: func(Disconnected) { cancel() }}
	_, err := Dial(ctx, Options{URL: "127.0.0.1:1", Handler: once})
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
	for _, url := range []string{"", "ftp://x", "ws://"} {
		if _, err := Dial(ctx, Options{URL: url}); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
}

func TestAnOriginThatIsRefusedIsToldInTheServersWords(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	c, err := New(Options{URL: s.address, Header: http.Header{"Origin": {"https://elsewhere.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Run(context.Background())
	for _, part := range []string{"403", "--allow-origin"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want the status and what to do", err)
		}
	}
}
