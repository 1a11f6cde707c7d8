package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAPostAnswers201WithTheAckAnd200WhereItIsADuplicate(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	first := ts.post("lobby", `{"id":"c1","from":"bot","text":"hi"}`).is(t, 201)
	first.has(t, `{"type":"ack","id":"c1","conversation":"lobby","seq":1,"time":"`, `"sum":"`)
	again := ts.post("lobby", `{"id":"c1","from":"bot","text":"hi"}`).is(t, 200).has(t, `"seq":1,`, `"duplicate":true`)
	if want := strings.Replace(first.body, `,"log":`, `,"duplicate":true,"log":`, 1); again.body != want {
		t.Errorf("a duplicate's ack: got %s, want the first one's time and sum: %s", again.body, first.body)
	}
	ts.post("lobby", `{"id":"c1","from":"bot","text":"ho"}`).refuses(t, 409, "conflict", "")
	ts.post("lobby", `{"id":"c1","from":"other","text":"hi"}`).is(t, 201).has(t, `"seq":2,`)
	ts.post("lobby", `{"from":"bot","text":"no id"}`).is(t, 201).has(t, `{"type":"ack","conversation":"lobby","seq":3,`)
}

// nc -N and others close their sending end once they have said what they want, and wait for the answer.
func TestAPostWhoseClientSaysNoMoreIsRecordedAndAnswered(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const body = `{"from":"bot","text":"hi"}`
	for i := range 10 {
		c := ts.dialTCP()
		const head = "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\n" +
			"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
		if _, err := fmt.Fprintf(c, head, len(body), body); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if a, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || a.StatusCode != 201 {
			t.Fatalf("the %d.: got %v, %v, want 201", i, a, err)
		}
	}
	ts.get("/api/conversations/lobby/messages").has(t, `"last":10`)
}

func TestAnIdempotencyKeyIsAnID(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const body = `{"from":"bot","text":"hi"}`
	ts.post("lobby", body, "Idempotency-Key", `"k1"`).is(t, 201).has(t, `"id":"k1"`)
	ts.post("lobby", body, "Idempotency-Key", `k1`).is(t, 200)
	ts.post("lobby", `{"id":"k1","from":"bot","text":"hi"}`, "Idempotency-Key", `"k1"`).is(t, 200)
	ts.post("lobby", `{"id":"k2","from":"bot","text":"hi"}`, "Idempotency-Key", `"k1"`).refuses(t, 400, "bad_request", "differ")
	ts.post("lobby", body, "Idempotency-Key", strings.Repeat("k", 65)).refuses(t, 413, "too_large", "64 bytes")
}

func TestWhatIsNoPostIsRefusedAndNothingOfItIsDone(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for what, row := range map[string]struct {
		conversation, body string
		status             int
		code, words        string
	}{
		"no from":               {"lobby", `{"text":"hi"}`, 400, "bad_request", "is missing: it says who"},
		"a bad from":            {"lobby", `{"from":"a\u0001","text":"hi"}`, 400, "bad_request", "leave out U+0001"},
		"a long from":           {"lobby", `{"from":"` + strings.Repeat("a", 65) + `","text":"hi"}`, 413, "too_large", "64 bytes"},
		"no text":               {"lobby", `{"from":"bot"}`, 400, "bad_request", "text"},
		"no JSON":               {"lobby", `hi`, 400, "bad_request", "JSON"},
		"an empty body":         {"lobby", ``, 400, "bad_request", "JSON"},
		"two objects":           {"lobby", `{"from":"bot","text":"hi"}{}`, 400, "bad_request", "more"},
		"invalid UTF-8":         {"lobby", "{\"from\":\"bot\",\"text\":\"\xff\"}", 400, "bad_request", "UTF-8"},
		"a long text":           {"lobby", `{"from":"bot","text":"` + strings.Repeat("a", 16385) + `"}`, 413, "too_large", "16384"},
		"a body over the limit": {"lobby", `{"from":"bot","text":"hi"}` + strings.Repeat(" ", 131072), 413, "too_large", "131072"},
		"a bad id":              {"NO", `{"from":"bot","text":"hi"}`, 400, "invalid_conversation", "a-z"},
		"an encoded bad id":     {"a%20b", `{"from":"bot","text":"hi"}`, 400, "invalid_conversation", "a-z"},
		"a target beyond last":  {"empty", `{"from":"bot","text":"hi","target":1}`, 400, "bad_request", "target"},
	} {
		ts.post(row.conversation, row.body).refuses(t, row.status, row.code, row.words)
		if t.Failed() {
			t.Fatal(what)
		}
	}
	ts.get("/api/conversations/lobby/messages").refuses(t, 404, "not_found", "lobby")
}

func TestAPostIsJSONInUTF8AndSaysSo(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const path, body = "/api/conversations/lobby/messages", `{"from":"bot","text":"hi"}`
	for kind, words := range map[string]string{
		"text/plain": "application/json", "application/x-www-form-urlencoded": "application/json", "application/jsonp": "application/json",
		"multipart/form-data; boundary=x": "application/json", "": "application/json", "application/json, application/json": "application/json",
		"application/json; charset=latin1":              "UTF-8",
		"application/json; charset=\"UTF-16\"":          "UTF-8",
		"application/json;charset=utf-8;charset=latin1": "application/json",
	} {
		a := ts.ask(http.MethodPost, path, body, "Content-Type", kind).refuses(t, 415, "bad_request", words)
		if got := a.header.Get("Accept"); got != "application/json" {
			t.Errorf("%q: Accept: got %q", kind, got)
		}
	}
	ts.ask(http.MethodPost, path, body).refuses(t, 415, "bad_request", "this one has 0")
	ts.ask(http.MethodPost, path, body, "Content-Type", "application/json", "Content-Type", "text/plain").refuses(t, 415, "bad_request", "this one has 2")
	for _, kind := range []string{
		"application/json", "Application/JSON; charset=utf-8", "application/json; charset=\"UTF-8\"", "application/json;charset=US-ASCII",
		"application/json; profile=x",
	} {
		ts.ask(http.MethodPost, path, body, "Content-Type", kind).is(t, 201)
	}
}

func TestACodedBodyIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const body = `{"from":"bot","text":"hi"}`
	for _, codings := range [][]string{
		{"gzip"}, {"GZIP"}, {"br"}, {"zstd"}, {"x-unknown"}, {"identity, gzip"}, {"gzip,identity"}, {"identity", "deflate"}, {" ,gzip"},
	} {
		var headers []string
		for _, c := range codings {
			headers = append(headers, "Content-Encoding", c)
		}
		a := ts.post("lobby", body, headers...).refuses(t, 415, "bad_request", "send it uncoded")
		if got := a.header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("%q: Accept-Encoding: got %q, want identity", codings, got)
		}
	}
	for _, coding := range []string{"identity", "Identity", "", ",", "identity, identity"} {
		ts.post("lobby", body, "Content-Encoding", coding).is(t, 201)
	}
}

// page is the body of GET …/messages.
type page struct {
	Log      string
	Last     int
	Sum      string
	Messages []struct{ Seq int }
	More     bool
}

func (ts *testServer) page(query string) (seqs string, p page) {
	ts.t.Helper()
	a := ts.get("/api/conversations/lobby/messages?"+query).is(ts.t, 200)
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		ts.t.Fatalf("%s: %v", a.body, err)
	}
	for _, m := range p.Messages {
		seqs += fmt.Sprint(m.Seq, " ")
	}
	return strings.TrimSpace(seqs), p
}

func TestAPageIsAscendingAndSaysWhetherThereIsMore(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", strings.Fields("one two three four five six")...)
	for query, want := range map[string]string{
		"":                         "1 2 3 4 5 6, more: false",
		"limit=2":                  "5 6, more: true",
		"limit=6":                  "1 2 3 4 5 6, more: false",
		"before=4&limit=2":         "2 3, more: true",
		"before=3":                 "1 2, more: false",
		"before=1":                 ", more: false",
		"after=0&limit=2":          "1 2, more: true",
		"after=4":                  "5 6, more: false",
		"after=6":                  ", more: false",
		"after=1&before=5&limit=2": "2 3, more: true",
		"after=1&before=4":         "2 3, more: false",
		"after=&limit=":            "1 2 3 4 5 6, more: false",
		"limit=0":                  ", more: true",
	} {
		seqs, p := ts.page(query)
		if got := fmt.Sprintf("%s, more: %v", seqs, p.More); got != want {
			t.Errorf("?%s: got %s, want %s", query, got, want)
		}
		if p.Last != 6 || len(p.Log) != 32 || len(p.Sum) != 32 {
			t.Errorf("?%s: got log %q, last %d, sum %q", query, p.Log, p.Last, p.Sum)
		}
	}
	for query, words := range map[string]string{
		"after=7": "last seq", "after=x": "after is an integer", "before=-1": "before", "limit=1001": "1000", "limit=1.5": "limit",
		"wait=1": "wait needs after", "after=1&wait=61": "wait", "after=1&wait=x": "wait", "after=1&wait=NaN": "wait", "after=9007199254740992": "2^53-1",
		"after=%zz": "percent",
	} {
		ts.get("/api/conversations/lobby/messages?"+query).refuses(t, 400, "bad_request", words)
	}
}

func TestAPageOfAnotherLogIsReset(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one")
	_, p := ts.page("")
	ts.page("after=0&log=" + p.Log)
	other := strings.Repeat("e", 32)
	ts.get("/api/conversations/lobby/messages?after=0&log="+other).refuses(t, 409, "reset", "start again")
	ts.get("/api/conversations/lobby/messages?after=99&log="+other).refuses(t, 409, "reset", "start again")
}

func TestAPageAfterAnEntryThatTheRecordDoesNotHaveIsReset(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one")
	_, one := ts.page("")
	ts.says("lobby", "ann", "two")
	ts.page("after=1&known=1&sum=" + one.Sum)
	const path = "/api/conversations/lobby/messages?after=1&"
	ts.get(path+"known=2&sum="+one.Sum).refuses(t, 409, "reset", "start again")
	ts.get(path+"known=3&sum="+one.Sum).refuses(t, 409, "reset", "start again")
	ts.get(path+"known=1").refuses(t, 400, "bad_request", "known and sum")
	ts.get(path+"sum="+one.Sum).refuses(t, 400, "bad_request", "known and sum")
	ts.get(path+"known=0&sum="+one.Sum).refuses(t, 400, "bad_request", "begin at 1")
}

func TestAPostForAnotherLogIsResetAndNothingIsAdded(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	other := strings.Repeat("e", 32)
	ts.post("lobby", `{"from":"bot","text":"hi","log":"`+other+`"}`).refuses(t, 409, "reset", "")
	ts.get("/api/conversations/lobby/messages").refuses(t, 404, "not_found", "")
	ts.says("lobby", "ann", "one")
	_, p := ts.page("")
	ts.post("lobby", `{"from":"bot","text":"hi","log":"`+other+`"}`).refuses(t, 409, "reset", "")
	ts.post("lobby", `{"from":"bot","text":"hi","log":"`+p.Log+`"}`).is(t, 201).has(t, `"seq":2,`)
}

func TestWaitAnswersWhenThereIsAnEntry(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one")
	answered := make(chan answer, 1)
	go func() { answered <- ts.get("/api/conversations/lobby/messages?after=1&wait=60") }() // ends with its answer
	// The waiting request is a member of the conversation from when it waits.
	until(t, "the request waits", func() bool { return ts.hub.Stats().Conversations > 0 })
	ts.says("lobby", "ann", "two")
	select {
	case a := <-answered:
		a.is(t, 200).has(t, `"seq":2,`, `"text":"two"`, `"more":false`)
	case <-time.After(patience):
		t.Fatal("no answer")
	}
	if online := ts.hub.Online("lobby"); online != 0 {
		t.Errorf("who waits counts as online: %d", online)
	}
}

func TestWaitAnswersEmptyWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one")
	began := time.Now()
	if seqs, p := ts.page("after=1&wait=0.2"); seqs != "" || p.Last != 1 || p.More {
		t.Errorf("got %q, %+v, want an empty page", seqs, p)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("answered after %v, want 0.2 s", took)
	}
	ts.page("after=0&wait=60")          // there is one: at once
	ts.page("after=1&before=2&wait=60") // nothing can ever come between
}

// until waits for a condition that nothing tells of.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond) // between two looks, never instead of one
	}
}

func TestAConversationThatDoesNotExistYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const first = "/api/conversations/lobby/messages?after=0&wait=60"
	answered := make(chan answer, 3)
	for range cap(answered) {
		go func() { answered <- ts.get(first) }() // ends with its answer
	}
	until(t, "all wait", func() bool { return ts.hub.Stats().Members == int64(cap(answered)) })
	ts.says("other", "ann", "hi")
	if len(answered) > 0 {
		t.Fatalf("answered before there was a message: %+v", <-answered)
	}
	ts.says("lobby", "ann", "hi")
	for range cap(answered) {
		(<-answered).is(t, 200).has(t, `"last":1`, `"text":"hi"`, `"more":false`)
	}
	// When the time is over it does not exist still.
	ts.get("/api/conversations/none/messages?after=0&wait=0.1").refuses(t, 404, "not_found", "none")
	// What a client knows of another record never comes.
	for _, query := range []string{"after=5&wait=60", "after=0&wait=60&log=" + strings.Repeat("a", 32), "after=0&wait=0", "after=0"} {
		ts.get("/api/conversations/none/messages?"+query).refuses(t, 404, "not_found", "none")
	}
	ts.get("/api/conversations/NO/messages?after=0&wait=60").refuses(t, 400, "invalid_conversation", "")
}

func TestADrainAnswersWhoWaitsForAConversationThatDoesNotExist(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	answered := make(chan answer, 1)
	go func() { answered <- ts.get("/api/conversations/lobby/messages?after=0&wait=60") }() // ends with its answer
	until(t, "it waits", func() bool { return ts.hub.Stats().Members == 1 })
	ts.cancel()
	if a := (<-answered).refuses(t, 503, "unavailable", "draining"); a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestPostsOverTheRateGet429WithRetryAfter(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--send-rate", "1")
	var refused answer
	for i := range 10 {
		refused = ts.post("lobby", fmt.Sprintf(`{"from":"bot","text":"%d"}`, i))
		if refused.status != http.StatusCreated {
			break
		}
	}
	refused.refuses(t, http.StatusTooManyRequests, "rate_limited", "Retry-After")
	if got := refused.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: got %q, want 1", got)
	}
	ts.get("/api/conversations/lobby/messages").is(t, 200) // reading has no rate
}
