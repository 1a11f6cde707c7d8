package client

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"verbatim/protocol"
)

// everything joins the lobby from its first entry on.
var everything = Join{Conversation: "lobby", After: protocol.Number{Set: true}}

// quick is a backoff for tests with a real server.
var quick = Backoff{Initial: 20 * time.Millisecond, Max: 100 * time.Millisecond}

// reader records what a client is given, and what it must not be given.
type reader struct {
	mu     sync.Mutex
	seqs   []protocol.Seq
	ids    []protocol.MessageID
	faults []string
	fresh  chan struct{} // capacity 1
}

func (r *reader) handler() Handler {
	r.fresh = make(chan struct{}, 1)
	fault := func(format string, args ...any) {
		r.mu.Lock()
		r.faults = append(r.faults, fmt.Sprintf(format, args...))
		r.mu.Unlock()
	}
	return Handler{
		Entry: func(e *Entry) {
			m, err := e.Message()
			if err != nil {
				fault("entry %s: %v", e.JSON, err)
			}
			r.mu.Lock()
			r.seqs, r.ids = append(r.seqs, e.Seq), append(r.ids, m.ID)
			r.mu.Unlock()
			select {
			case r.fresh <- struct{}{}:
			default:
			}
		},
		Refuse:    func(f Refusal) { fault("refused: %+v", f) },
		Reset:     func(f Reset) { fault("reset: %+v", f) },
		Violation: func(v Violation) { fault("violation: %v", v) },
		Joined: func(j Joined) {
			if j.Missed > 0 {
				fault("missed %d", j.Missed)
			}
		},
	}
}

// numbered is the author's message number i, as holds expects it.
func numbered(author string, i int) Message {
	id := protocol.MessageID(fmt.Sprint(author, "-", i))
	return Message{Conversation: "lobby", ID: id, Text: fmt.Sprint("message ", i)}
}

// holds waits for n entries, and checks that they are the author's, each once and in order.
func (r *reader) holds(t *testing.T, author string, n int) {
	t.Helper()
	limit := time.After(patience)
	for {
		r.mu.Lock()
		got := len(r.ids)
		r.mu.Unlock()
		if got >= n {
			break
		}
		select {
		case <-r.fresh:
		case <-limit:
			t.Fatalf("%d of %d entries came", got, n)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, id := range r.ids {
		if want := protocol.MessageID(fmt.Sprint(author, "-", i)); id != want || r.seqs[i] != protocol.Seq(i+1) {
			t.Fatalf("entry %d is %s at seq %d, want %s at %d", i, id, r.seqs[i], want, i+1)
		}
	}
	if len(r.faults) > 0 {
		t.Errorf("faults: %s", strings.Join(r.faults, "; "))
	}
}
