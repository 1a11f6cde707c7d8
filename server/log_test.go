package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/coder/websocket"

	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/respond"
)

// logged is a line of the log.
type logged struct {
	Level, Kind, Message, From, Via, Session, User, Code, Do, Method, Path, Error, Conversation string
	Closed, Unlogged                                                                            int
}

// logs waits for a line of that kind.
func (ts *testServer) logs(kind string) (found logged) {
	ts.t.Helper()
	until(ts.t, "a line of the kind "+kind, func() bool {
		for line := range strings.Lines(ts.log.String()) {
			var l logged
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				ts.t.Fatalf("the log says %q: %v", line, err)
			}
			if l.Kind == kind {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

func TestTheLogHasALineForEachRefusalOfARequest(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--send-rate", "1")
	ts.post("lobby", `{"from":"bot","text":"hi"}`, "X-Not-Trusted", "1").is(t, 201)
	for range 3 {
		ts.post("lobby", `{"from":"bot","text":"hi"}`)
	}
	quick := serve(t)
	quick.get("/api/conversations/lobby/messages?after=x").is(t, 400)
	quick.get("/api/conversations/NO/messages").is(t, 400)
	quick.post("lobby", `{"from":"bot","text":"`+long(20000)+`"}`).is(t, 413)
	quick.get("/api/conversations", "Origin", "https://evil.example").is(t, 403)
	quick.get("/api/conversations", "Host", "evil.example").is(t, 403)
	quick.get("/api/conversations/none/messages").is(t, 404)
	quick.post("lobby", `{"from":"bot","id":"c1","text":"hi"}`).is(t, 201)
	quick.post("lobby", `{"from":"bot","id":"c1","text":"another"}`).is(t, 409)
	for _, row := range []struct {
		ts                     *testServer
		kind, code, path, mend string
	}{
		{ts, "http: rate_limited", "rate_limited", "/api/conversations/lobby/messages", "--send-rate"},
		{quick, "http: bad_request", "bad_request", "/api/conversations/lobby/messages", "docs/protocol"},
		{quick, "http: invalid_conversation", "invalid_conversation", "/api/conversations/NO/messages", "docs/protocol"},
		{quick, "http: too_large", "too_large", "/api/conversations/lobby/messages", "--max-text"},
		{quick, "origin policy: origin", "forbidden", "/api/conversations", ""},
		{quick, "origin policy: host", "forbidden", "/api/conversations", ""},
	} {
		l := row.ts.logs(row.kind)
		if l.Level != "warn" || l.Code != row.code || l.Path != row.path || !strings.HasPrefix(l.From, "127.0.0.1:") || l.Message == "" || !strings.Contains(l.Do, row.mend) {
			t.Errorf("%s: got %+v", row.kind, l)
		}
	}
	if said := quick.log.String(); strings.Contains(said, "not_found") || strings.Contains(said, "conflict") {
		t.Error("what well-made programs meet is no refusal")
	}
}

func TestTheLogHasALineForEachOddEndOfASession(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--max-frame", "1024", "--max-text", "500")
	for _, row := range []struct {
		kind   string
		closed websocket.StatusCode
		mend   string
		do     func(*websocket.Conn)
	}{
		{"session: frame", 1009, "--max-frame", func(c *websocket.Conn) { _ = c.Write(t.Context(), websocket.MessageText, []byte(long(2000))) }},
		{"session: binary", 1003, "mend that client", func(c *websocket.Conn) { _ = c.Write(t.Context(), websocket.MessageBinary, []byte("{}")) }},
		{"session: utf8", 1007, "mend that client", func(c *websocket.Conn) { _ = c.Write(t.Context(), websocket.MessageText, []byte("\xff")) }},
		{"session: bad_requests", 1008, "mend that client", func(c *websocket.Conn) {
			for range 101 {
				_ = c.Write(t.Context(), websocket.MessageText, []byte("hello"))
			}
		}},
	} {
		c, _ := ts.dial("name=Ann%C3%A9")
		var welcome struct{ Session string }
		if err := json.Unmarshal([]byte(ts.read(c)), &welcome); err != nil {
			t.Fatal(err)
		}
		row.do(c)
		for err := error(nil); err == nil; _, err = ts.next(c) {
		}
		l := ts.logs(row.kind)
		if l.Level != "warn" || l.Session != welcome.Session || l.User != "Anné" || l.Closed != int(row.closed) ||
			!strings.HasPrefix(l.From, "127.0.0.1:") || !strings.Contains(l.Do, row.mend) {
			t.Errorf("%s of the session %s: got %+v", row.kind, welcome.Session, l)
		}
	}
	if l := ts.logs("session: bad_request"); l.Code != "bad_request" || l.Session == "" || !strings.Contains(l.Message, "JSON object") {
		t.Errorf("a bad request: got %+v", l)
	}
	ts.get("/metrics").has(t, `verbatim_closes_total{code="1009",reason="frame"} 1`, `verbatim_closes_total{code="1003",reason="binary"} 1`,
		`verbatim_closes_total{code="1007",reason="utf8"} 1`, `verbatim_closes_total{code="1008",reason="bad_requests"} 1`,
		`verbatim_errors_total{code="bad_request",transport="websocket"} 101`)
}

func TestTheLogSaysWhoIsTurnedAwayAndForWhomAProxySpeaks(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--max-connections", "1", "--trusted-proxy", "127.0.0.1")
	dial := func(query string) {
		c, _, err := websocket.Dial(t.Context(), ts.url+"/ws?"+query, &websocket.DialOptions{
			HTTPClient: ts.client, HTTPHeader: http.Header{"X-Forwarded-For": {"203.0.113.9"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.CloseNow() })
		_, _ = ts.next(c)
	}
	dial("name=ann")
	dial("name=bob")
	dial("name=")
	for kind, row := range map[string]struct {
		closed int
		mend   string
	}{"connection: crowded": {1013, "--max-connections"}, "connection: name": {1008, "mend"}} {
		l := ts.logs(kind)
		if l.Closed != row.closed || l.From != "203.0.113.9" || !strings.HasPrefix(l.Via, "127.0.0.1:") || !strings.Contains(l.Do, row.mend) {
			t.Errorf("%s: got %+v", kind, l)
		}
	}
	ts.get("/metrics").is(t, 200).has(t, `verbatim_closes_total{code="1013",reason="crowded"} 1`, `verbatim_closes_total{code="1008",reason="name"} 1`)
}

func TestTheLogSaysWhichHandshakeWasNotWellFormed(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	response := ts.bare("GET /ws?name=ann HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if l := ts.logs("connection: upgrade"); response.StatusCode != 400 || !strings.HasPrefix(l.From, "127.0.0.1:") || l.Error == "" {
		t.Errorf("got %s, and the log says %+v", response.Status, l)
	}
}

func TestTheLogSaysWhatWasNoRequest(t *testing.T) {
	t.Parallel()
	for kind, says := range map[string]string{
		"gate: request": "hello\r\n\r\n",
		"gate: TLS":     "\x16\x03\x01\x00\x05hello",
	} {
		ts := serve(t)
		c := ts.dialTCP()
		if _, err := io.WriteString(c, says); err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).CloseWrite()
		if l := ts.logs(kind); l.Level != "warn" || l.From != c.LocalAddr().String() || l.Do == "" {
			t.Errorf("%s: got %+v", kind, l)
		}
		until(t, "it is counted", func() bool {
			return contains(ts.get("/metrics").body, `verbatim_connections_refused_total{reason="request"} 1`)
		})
	}
}

// A client may find fault, too. Its own codes, and an orderly end, are none.
func TestTheLogSaysWhichClientFoundFault(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	closing := func(code websocket.StatusCode, reason string) {
		c, _ := ts.dial("name=ann")
		ts.read(c)
		if err := c.Close(code, reason); err != nil {
			t.Fatal(err)
		}
	}
	for i, code := range []websocket.StatusCode{1000, 1001, 1005, 3000, 4999} {
		closing(code, "")
		until(t, "it has ended", func() bool { return strings.Count(ts.log.String(), `"session: ended"`) == i+1 })
	}
	if said := ts.log.String(); strings.Contains(said, `"level":"warn"`) {
		t.Errorf("the log says %s", said)
	}
	for _, code := range []websocket.StatusCode{1002, 1003, 1007, 1008, 1009, 1010, 1011} {
		closing(code, "a frame is too big")
		until(t, fmt.Sprint("the log has ", code), func() bool {
			ts.notes.Flush()
			return strings.Contains(ts.log.String(), fmt.Sprintf(`"closed":%d`, code))
		})
	}
	l := ts.logs("session: client")
	here := strings.HasPrefix(l.From, "127.0.0.1:")
	if l.Session == "" || l.User != "ann" || !here || !strings.Contains(l.Error, "too big") {
		t.Errorf("got %+v", l)
	}
}

// A program that gives up a poll is no fault of the server's, and of nobody's.
func TestWhoLeavesBeforeTheAnswerIsNoRefusal(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	c := ts.dialTCP()
	const poll = "GET /api/conversations/lobby/messages?after=0&wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n"
	if _, err := io.WriteString(c, poll); err != nil {
		t.Fatal(err)
	}
	until(t, "the request waits", func() bool { return ts.hub.Stats().Conversations > 0 })
	c.Close()
	const counted = `verbatim_http_requests_total{method="GET",route="/api/conversations/{id}/messages",status=`
	until(t, "it has ended", func() bool { return contains(ts.get("/metrics").body, counted+`"none"} 1`) })
	figures := ts.get("/metrics").has(t, counted+`"503"} 0`).body
	if contains(figures, `verbatim_errors_total{code="unavailable",transport="http"} 1`) {
		t.Error("it counts as an error that somebody was told")
	}
	if said := ts.log.String(); strings.Contains(said, `"level":"warn"`) {
		t.Errorf("the log says %s", said)
	}
}

// A body that means nothing is refused, and the connection with it: that is one refusal, of a request that was whole.
func TestABodyThatIsTooLongIsOneLine(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.ask(http.MethodGet, "/api/conversations", strings.Repeat("x", 64<<10+1)).is(t, 413)
	ts.logs("http: too_large")
	ts.stop() // which closes all connections
	if said := ts.log.String(); strings.Contains(said, "gate: request") {
		t.Errorf("the log says %s", said)
	}
}

func TestTheAdviceOnALimitIsNoWait(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "limits of welcome", time.Second: "wait as it is told"} {
		if got := respond.Advice(&protocol.Error{Code: protocol.CodeRateLimited, RetryAfter: wait}); !strings.Contains(got, want) {
			t.Errorf("%v: got %q, want %q", wait, got, want)
		}
	}
}

// What a client says may be a secret, may be long, and may act on a terminal.
func TestNothingOfWhatAClientSaysStandsRawInTheLog(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for _, path := range []string{
		"?sort=s3cret", "?sort=-time&after=s3cret", "?limit=s3cret", "?s3cret", "?s3cret=1", "/lobby/messages?after=s3cret",
		"/lobby/messages?wait=s3cret&after=0", "/lobby/transcript?format=s3cret",
	} {
		if a := ts.get("/api/conversations"+path).is(t, 400); !strings.Contains(a.body, "s3cret") {
			t.Errorf("%s: the client is not told what is wrong: %s", path, a.body)
		}
	}
	ts.get("/api/conversations/lobby/messages", "Accept", "text/event-stream", "Last-Event-ID", "s3cret").is(t, 400)
	c, _ := ts.dial("s3cret")
	ts.closed(c, 1008)
	raw := `"\u001b]0;x\u0007\nWRN a forged line` + strings.Repeat("y", 50_000) + `"`
	for _, body := range []string{`{` + raw + `:1 2}`, `{` + raw + `:1,` + raw + `:2}`} {
		if a := ts.post("lobby", body).is(t, 400); len(a.body) > 600 {
			t.Errorf("an answer of %d bytes to a name of 50 kB", len(a.body))
		}
	}
	ts.post("lobby", "{}", "Content-Type", "application/json; charset*=utf-8''%1b%5b31m").is(t, 415)
	ts.stop()
	said := ts.log.String()
	if strings.Contains(said, "s3cret") {
		t.Errorf("the log has a value of a query: %s", said)
	}
	for line := range strings.Lines(said) {
		var l logged
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if len(l.Message) > 600 || strings.ContainsFunc(l.Message, unicode.IsControl) {
			t.Errorf("the log has %d bytes: %.300q", len(l.Message), l.Message)
		}
	}
}

// Whatever is refused, and however often, the log stays short, and says how much of it there was.
func TestTheLogOfAnAttackIsShort(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	began := time.Now()
	const attacks = 300
	for range attacks {
		ts.get("/api/conversations?afer=1").is(t, 400)
		ts.get("/api/conversations", "Origin", "https://evil.example").is(t, 403)
	}
	ts.stop() // what is left out is told then at the latest
	warned := strings.Count(ts.log.String(), `"level":"warn"`)
	if most := 2 * (int(time.Since(began)/logging.NoteEvery) + 2); warned > most {
		t.Errorf("%d refusals are %d lines, want at most %d", 2*attacks, warned, most)
	}
	left := 0
	for line := range strings.Lines(ts.log.String()) {
		var l logged
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		left += l.Unlogged
	}
	if left+warned != 2*attacks {
		t.Errorf("%d lines say that %d more were left out, want %d together:\n%s", warned, left, 2*attacks, ts.log)
	}
}

func TestASendThatSucceedsIsNoLine(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	until(t, "it says that it serves", func() bool { return contains(ts.log.String(), `"serving"`) })
	before := ts.log.String()
	c, _ := ts.dial("name=ann&join=lobby")
	ts.read(c)
	ts.says("lobby", "bob", "one", "two")
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"send","conversation":"lobby","text":"three"}`)); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(ts.read(c), `"type":"ack"`) {
	}
	ts.get("/api/conversations/lobby/messages").has(t, "three")
	if got := ts.log.String(); got != before {
		t.Errorf("the log says:\n%s", strings.TrimPrefix(got, before))
	}
}
