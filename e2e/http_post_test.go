package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestAPostRecordsAMessageAndAnswersAsAckDoes(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		bob := s.dial(t, "bob")
		bob.join("lobby")
		body := `{"id":"p1","from":"ann","text":"hi","meta":{"a":1}}`
		first := s.post(t, "lobby", body).is(t, 201).ack(t)
		if first.Seq != 1 || first.ID != "p1" || first.Conversation != "lobby" || first.Duplicate {
			t.Errorf("got %s", first)
		}
		// What is acked is in every answer that begins after the ack.
		_, p := s.page(t, "lobby", "")
		p.wantSeqs(t, "right after the ack", 1, 1, false)
		m := bob.messages("lobby", 1, 1)[0]
		if m.From != "ann" || m.Text != "hi" || m.ID != "p1" || string(m.Meta) != `{"a":1}` || m.Time != first.Time {
			t.Errorf("got %s", m)
		}
		again := s.post(t, "lobby", body).is(t, 200).ack(t)
		if !again.Duplicate || again.Seq != 1 || again.Sum != first.Sum || again.Time != first.Time {
			t.Errorf("again: got %s, want duplicate of %s", again, first)
		}
		// One user, two doors: the id is the same one.
		if f := s.dial(t, "ann").send("lobby", "p1", "hi", `"meta":{"a":1}`); !f.Duplicate {
			t.Errorf("the same id over WebSocket: got %s, want duplicate", f)
		}
		s.post(t, "lobby", `{"from":"ann","text":"no id"}`).is(t, 201)
		s.post(t, "lobby", `{"from":"ann","text":"with null","id":null,"meta":null,"target":1,"zig":[]}`).is(t, 201)
	})
}

func TestTheIdempotencyKeyIsTheId(t *testing.T) {
	t.Parallel()
	s := serve(t)
	body := `{"from":"ann","text":"hi"}`
	if f := s.post(t, "lobby", body, "Idempotency-Key", "k1").is(t, 201).ack(t); f.ID != "k1" {
		t.Errorf("got %s, want id k1", f)
	}
	if f := s.post(t, "lobby", body, "Idempotency-Key", `"k1"`).is(t, 200).ack(t); f.ID != "k1" || !f.Duplicate {
		t.Errorf("in quotes: got %s, want a duplicate of k1", f)
	}
	s.post(t, "lobby", `{"id":"k1","from":"ann","text":"hi"}`, "Idempotency-Key", `"k1"`).is(t, 200)
	s.post(t, "lobby", `{"id":"k2","from":"ann","text":"hi"}`, "Idempotency-Key", "k1").refuses(t, 400, "bad_request")
}

func TestABadPostIsRefusedAndNothingIsRecorded(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.post(t, "lobby", `{"id":"there","from":"ann","text":"hi"}`).is(t, 201)
	for what, row := range map[string]struct {
		body, code string
		status     int
	}{
		"no JSON":             {`hello`, "bad_request", 400},
		"nothing":             {``, "bad_request", 400},
		"an array":            {`[]`, "bad_request", 400},
		"two objects":         {`{"from":"ann","text":"a"}{}`, "bad_request", 400},
		"no from":             {`{"text":"a"}`, "bad_request", 400},
		"from null":           {`{"from":null,"text":"a"}`, "bad_request", 400},
		"from empty":          {`{"from":"","text":"a"}`, "bad_request", 400},
		"from with override":  {`{"from":"a\u202eb","text":"a"}`, "bad_request", 400},
		"from of 65 bytes":    {`{"from":"` + filler(65) + `","text":"a"}`, "too_large", 413},
		"no text":             {`{"from":"ann"}`, "bad_request", 400},
		"text empty":          {`{"from":"ann","text":""}`, "bad_request", 400},
		"text too long":       {`{"from":"ann","text":"` + filler(16385) + `"}`, "too_large", 413},
		"a body over a frame": {`{"from":"ann","text":"a","zig":"` + filler(140000) + `"}`, "too_large", 413},
		"meta too long":       {`{"from":"ann","text":"a","meta":{"k":"` + filler(4097-8) + `"}}`, "too_large", 413},
		"U+0000":              {`{"from":"ann","text":"\u0000"}`, "bad_request", 400},
		"invalid UTF-8":       {"{\"from\":\"ann\",\"text\":\"\xff\"}", "bad_request", 400},
		"a field twice":       {`{"from":"ann","text":"a","text":"b"}`, "bad_request", 400},
		"target beyond":       {`{"from":"ann","text":"a","target":2}`, "bad_request", 400},
		"conflict":            {`{"id":"there","from":"ann","text":"ho"}`, "conflict", 409},
		"out of order":        {`{"id":"x","from":"ann","text":"a","prev":"y"}`, "out_of_order", 409},
	} {
		t.Run(what, func(t *testing.T) {
			s.post(t, "lobby", row.body).refuses(t, row.status, row.code)
		})
	}
	s.post(t, "NO", `{"from":"ann","text":"a"}`).refuses(t, 400, "invalid_conversation")
	if a := s.post(t, "lobby", `{"from":"ann","text":"a"}`, "Content-Type", "text/plain"); a.status != 415 {
		t.Errorf("text/plain: got %d, want 415", a.status)
	}
	const form = "application/x-www-form-urlencoded"
	if a := s.post(t, "lobby", `{"from":"ann","text":"a"}`, "Content-Type", form); a.status != 415 {
		t.Errorf("a form: got %d, want 415", a.status)
	}
	if head, _ := s.page(t, "lobby", ""); head.Last != 1 {
		t.Errorf("last %d, want 1: something of a refused request was recorded", head.Last)
	}
	s.post(t, "lobby", `{"from":"ann","text":"a"}`, "Content-Type", "application/json; charset=utf-8").is(t, 201)
}

func TestAnAddressOverItsRateGets429AndRetryAfter(t *testing.T) {
	t.Parallel()
	s := serve(t, "--send-rate", "5") // bursts of 10
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		seen = map[int]int{}
		last answer
	)
	for i := range 40 {
		all.Go(func() {
			a := s.post(t, "lobby", fmt.Sprintf(`{"id":"p%d","from":"ann","text":"hi"}`, i))
			mu.Lock()
			defer mu.Unlock()
			seen[a.status]++
			if a.status == http.StatusTooManyRequests {
				last = a
			}
		})
	}
	all.Wait()
	if seen[201] < 10 || seen[429] < 10 || seen[201]+seen[429] != 40 {
		t.Fatalf("40 at once at 5 a second with a burst of 10: got %v", seen)
	}
	last.refuses(t, 429, "rate_limited")
	if seconds, err := strconv.Atoi(last.header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 60 {
		t.Errorf("Retry-After: got %q, want whole seconds", last.header.Get("Retry-After"))
	}
	if head, _ := s.page(t, "lobby", ""); head.Last != seen[201] {
		t.Errorf("last %d, want the %d that got 201", head.Last, seen[201])
	}
}

func TestOtherMethodsAndPathsAreNotThere(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if a := s.http(t, http.MethodDelete, "/api/conversations/lobby/messages", ""); a.status != 405 {
		t.Errorf("DELETE: got %d, want 405", a.status)
	}
	if a := s.get(t, "/api/nothing"); a.status != 404 {
		t.Errorf("/api/nothing: got %d, want 404", a.status)
	}
	if a := s.get(t, "/ws"); a.status < 400 || a.status >= 500 || strings.Contains(a.body, "welcome") {
		t.Errorf("GET /ws without an upgrade: got %d %s", a.status, a.body)
	}
}
