package server

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// eventsOf opens a stream, and gives its answer and its lines.
func (ts *testServer) eventsOf(query string, headers ...string) (*http.Response, func() string) {
	ts.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	ts.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, ts.url+"/api/conversations/lobby/messages"+query, nil)
	if err != nil {
		ts.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := ts.client.Do(r)
	if err != nil {
		ts.t.Fatal(err)
	}
	ts.t.Cleanup(func() { response.Body.Close() })
	in := bufio.NewReader(response.Body)
	return response, func() string {
		ts.t.Helper()
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return "EOF"
		}
		if err != nil {
			ts.t.Fatalf("the stream: %v", err)
		}
		return strings.TrimSuffix(line, "\n")
	}
}

// idsOf reads on to so many entries, and returns their ids.
func idsOf(next func() string, n int) (ids []string) {
	for len(ids) < n {
		line := next()
		if id, ok := strings.CutPrefix(line, "id: "); ok && id != "" {
			ids = append(ids, id)
		}
		if line == "EOF" {
			return append(ids, line)
		}
	}
	return ids
}

func TestMessagesAreStreamedAsEvents(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--allow-origin", "https://app.example.com")
	ts.says("lobby", "ann", "one", "two", "three")
	response, next := ts.eventsOf("?after=1", "Origin", "https://app.example.com")
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no", "Content-Encoding": "",
		"Access-Control-Allow-Origin": "https://app.example.com", "X-Content-Type-Options": "nosniff", "Content-Length": "",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if vary := response.Header.Values("Vary"); response.StatusCode != 200 || !response.Close || !slices.Contains(vary, "Accept") || !slices.Contains(vary, "Origin") {
		t.Errorf("got %s, Vary %v", response.Status, vary)
	}
	ts.says("lobby", "ann", "four")
	if got := idsOf(next, 3); !slices.Equal(got, []string{"2", "3", "4"}) {
		t.Errorf("got %v", got)
	}
	if line := next(); !contains(line, `data: {"type":"message","conversation":"lobby","seq":4,`, `"text":"four"}`) {
		t.Errorf("got %s", line)
	}
	ts.get("/metrics").has(t, "verbatim_event_streams 1", `verbatim_http_requests_total{method="GET",route="/api/conversations/{id}/messages",status="200"} 1`)
	if a := ts.ask(http.MethodHead, "/api/conversations/lobby/messages", "", "Accept", "text/event-stream").is(t, 200); a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: got %v", a.header)
	}
	if a := ts.get("/api/conversations/lobby/messages").is(t, 200); a.header.Get("Vary") == "" {
		t.Error("a page does not vary by Accept")
	}
}

func TestLastEventIDGoesOnWithoutAHoleOrADouble(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one", "two", "three", "four")
	_, p := ts.page("")
	other := strings.Repeat("e", 32)
	for _, row := range []struct {
		query, id string
		want      string // events before the first entry, and its id
	}{
		{"", "", "record 1"},
		{"?limit=2", "", "record 3"},
		{"?after=0", "", "record 1"},
		{"?after=0", "2", "record 3"},
		{"?after=3", "2", "record 3"},
		{"?limit=1", "3", "record 4"},
		{"?after=2&log=" + p.Log, "", "record 3"},
		{"?log=" + p.Log, "3", "record 4"},
		{"?after=3&known=4&sum=" + p.Sum, "", "record 4"},
		// What the client knows is another record: it is told so, and begins anew.
		{"?limit=2", "5", "reset record 3"},
		{"?after=0", "5", "reset record 1"},
		{"?after=2", "9007199254740991", "reset record 1"},
		{"?after=3&log=" + other, "", "reset record 1"},
		{"?after=0&log=" + other, "3", "reset record 1"},
		{"?after=3&limit=1&known=4&sum=" + other, "", "reset record 4"},
		{"?known=7&sum=" + other, "", "reset record 1"},
	} {
		_, next := ts.eventsOf(row.query, "Last-Event-ID", row.id)
		var got []string
		for {
			line := next()
			if kind, ok := strings.CutPrefix(line, "event: "); ok {
				got = append(got, kind)
			}
			if id, ok := strings.CutPrefix(line, "id: "); ok {
				got = append(got, id)
				break
			}
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s, Last-Event-ID %s: got %v, want %s", row.query, row.id, got, row.want)
		}
	}
	for _, row := range []struct{ query, id, words string }{
		{"?afer=1", "", "was after meant"}, {"?after=5", "", "last seq of this conversation is 4"}, {"?after=1&before=3", "", "before"},
		{"?after=1&wait=5", "", "wait"}, {"?limit=1001", "", "limit"}, {"?known=1", "", "known and sum"}, {"?after=x", "", "after"},
		{"", "x", "Last-Event-ID"}, {"", "-1", "Last-Event-ID"}, {"", "1.5", "Last-Event-ID"}, {"", "9007199254740992", "Last-Event-ID"},
	} {
		ts.get("/api/conversations/lobby/messages"+row.query, "Accept", "text/event-stream", "Last-Event-ID", row.id).
			refuses(t, 400, "bad_request", row.words)
	}
	ts.get("/api/conversations/lobby/messages", "Accept", "text/event-stream", "Last-Event-ID", "1", "Last-Event-ID", "2").
		refuses(t, 400, "bad_request", "more than once")
	ts.get("/api/conversations/NO/messages", "Accept", "text/event-stream").refuses(t, 400, "invalid_conversation", "")
}

func TestAStreamTakesAPlaceAsASocketDoes(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{"--max-connections", "2"}, {"--max-connections-per-ip", "2"}} {
		ts := serve(t, flags...)
		first, _ := ts.eventsOf("")
		c, _ := ts.dial("name=ann")
		ts.read(c)
		a := ts.get("/api/conversations/lobby/messages", "Accept", "text/event-stream").refuses(t, 503, "unavailable", "too many connections")
		if a.header.Get("Retry-After") == "" || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("got %v", a.header)
		}
		if ts.letIn("name=bob") {
			t.Error("a socket is let in beyond the limit")
		}
		ts.get("/api/conversations").is(t, 200) // who asks for no stream needs no place
		first.Body.Close()
		until(t, "its place is free", func() bool { return ts.letIn("name=bob") })
		l := ts.logs("connection: crowded")
		switch stream := l.Path == "/api/conversations/lobby/messages"; {
		case !stream && l.Path != "/ws":
			t.Errorf("the log says %+v", l)
		case stream && (l.Closed != 0 || l.Code != "unavailable"):
			t.Errorf("a stream is refused by 503, and closed by no code: the log says %+v", l)
		}
	}
}

func TestOldHTTPGetsAStreamToo(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one")
	c := ts.dialTCP()
	if _, err := io.WriteString(c, "GET /api/conversations/lobby/messages HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || len(response.TransferEncoding) > 0 || response.Header.Get("Content-Encoding") != "" {
		t.Fatalf("got %+v, %v; want a body that ends with the connection", response, err)
	}
	ts.cancel() // which ends it
	body, err := io.ReadAll(response.Body)
	if err != nil || !contains(string(body), "id: 1\ndata: {", "\n\nretry: ") {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestADrainEndsStreamsAndLetsNoneIn(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	_, next := ts.eventsOf("")
	late, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ts.url+"/api/conversations/lobby/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	late.Header.Set("Accept", "text/event-stream")
	ts.stopServing() // as drain does first; the listener is open still
	if response, err := ts.client.Do(late); err != nil || response.StatusCode != 503 || response.Header.Get("Retry-After") == "" {
		t.Errorf("while draining: got %v, %v, want 503", response, err)
	}
	ts.stop()
	last, retries := "", 0
	for line := next(); line != "EOF"; line = next() {
		if strings.HasPrefix(line, "retry: ") {
			last = line
			retries++
		}
	}
	if retries != 2 || last == "retry: 0" {
		t.Errorf("%d times told when to come back, the last one %q", retries, last)
	}
}
