package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// dial opens a WebSocket; the answer's status is 101 where it was upgraded.
func (ts *testServer) dial(query string) (*websocket.Conn, *http.Response) {
	ts.t.Helper()
	conn, response, err := websocket.Dial(ts.t.Context(), ts.url+"/ws?"+query, &websocket.DialOptions{HTTPClient: ts.client})
	if response == nil {
		ts.t.Fatalf("dial %s: %v", query, err)
	}
	if conn != nil {
		ts.t.Cleanup(func() { conn.CloseNow() })
	}
	return conn, response
}

func (ts *testServer) read(c *websocket.Conn) string {
	ts.t.Helper()
	frame, err := ts.next(c)
	if err != nil {
		ts.t.Fatalf("read: %v", err)
	}
	return frame
}

// next reads a frame, which must come soon, or the close.
func (ts *testServer) next(c *websocket.Conn) (string, error) {
	ctx, cancel := context.WithTimeout(ts.t.Context(), patience)
	defer cancel()
	_, frame, err := c.Read(ctx)
	return string(frame), err
}

// closed wants the connection's close, and gives its reason.
func (ts *testServer) closed(c *websocket.Conn, code websocket.StatusCode) string {
	ts.t.Helper()
	for {
		frame, err := ts.next(c)
		if err == nil {
			ts.t.Logf("before the close: %s", frame)
			continue
		}
		var end websocket.CloseError
		if websocket.CloseStatus(err) != code {
			ts.t.Fatalf("closed with %v, want %d", err, code)
		}
		if ok := errors.As(err, &end); !ok {
			ts.t.Fatalf("closed with %v", err)
		}
		return end.Reason
	}
}

func TestASessionBeginsWithWelcomeAndItsJoins(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	c, _ := ts.dial("name=ann&join=lobby&join=team")
	for _, want := range []string{`"type":"welcome"`, `"conversation":"lobby"`, `"conversation":"team"`} {
		if got := ts.read(c); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	ts.says("lobby", "bob", "hi")
	if got := ts.read(c); !strings.Contains(got, `"seq":1,"from":"bob"`) {
		t.Errorf("got %s, want bob's message", got)
	}
	ts.get("/api/conversations").has(t, `"online":1`)
	guest, _ := ts.dial("")
	if got := ts.read(guest); !regexp.MustCompile(`"user":"guest-[0-9a-f]{16}"`).MatchString(got) {
		t.Errorf("got %s, want a guest", got)
	}
}

func TestABadNameGetsItsErrorAnd1008(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for query, code := range map[string]string{
		"name=": "bad_request", "name=" + strings.Repeat("x", 65): "too_large", "name=a%00": "bad_request", "name=%zz": "bad_request",
		"name=" + url.QueryEscape("a\u202eb"): "bad_request",
	} {
		c, _ := ts.dial(query)
		got := ts.read(c)
		if !strings.Contains(got, `"type":"error","code":"`+code+`"`) {
			t.Errorf("?%s: got %s, want %s", query, got, code)
		}
		// A browser may drop the frame, since it comes with the close. 123 bytes of the reason fit into that.
		closed := ts.closed(c, websocket.StatusPolicyViolation)
		if _, reason, _ := strings.Cut(got, `"reason":"`); closed == "" || !strings.HasPrefix(reason, closed) {
			t.Errorf("?%s: closed with %q after %s", query, closed, got)
		}
	}
}

func TestOverTheLimitAConnectionIsUpgradedAndClosedWith1013(t *testing.T) {
	t.Parallel()
	retry := regexp.MustCompile(` retry_after=\d+\.\d$`)
	for _, flags := range [][]string{{"--max-connections", "2"}, {"--max-connections-per-ip", "2"}} {
		ts := serve(t, flags...)
		ann, _ := ts.dial("name=ann")
		ts.dial("name=bob")
		over, _ := ts.dial("name=eve")
		if reason := ts.closed(over, websocket.StatusTryAgainLater); !retry.MatchString(reason) {
			t.Errorf("%v: the third's reason: got %q", flags, reason)
		}
		ann.CloseNow()
		until(t, "a place is free again", func() bool { return ts.letIn("name=eve") })
	}
}

// letIn reports whether a connection becomes a session.
func (ts *testServer) letIn(query string) bool {
	ts.t.Helper()
	c, response := ts.dial(query)
	if response.StatusCode != http.StatusSwitchingProtocols {
		return false
	}
	frame, err := ts.next(c)
	return err == nil && strings.Contains(frame, "welcome")
}

func TestWhoIsRefusedTakesNoPlaceOfThoseWhoAreLetIn(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--max-connections", "20")
	for i := range 40 { // none of them closes its end
		_, response := ts.dial("name=")
		switch {
		case i < maxRefusalsEach && response.StatusCode != http.StatusSwitchingProtocols:
			t.Fatalf("refusal %d got %s, want to be told why", i, response.Status)
		case i >= maxRefusalsEach && (response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == ""):
			t.Fatalf("refusal %d got %s, Retry-After %q, want 503", i, response.Status, response.Header.Get("Retry-After"))
		}
	}
	for i := range 20 {
		if !ts.letIn("name=ann") {
			t.Fatalf("honest user %d was not let in", i)
		}
	}
	if n := ts.refusals.Taken(); n != maxRefusalsEach {
		t.Errorf("being refused: got %d, want still %d", n, maxRefusalsEach)
	}
	ts.get("/metrics").has(t, `verbatim_connections_refused_total{reason="name"} 16`, `verbatim_connections_refused_total{reason="overfull"} 24`, "verbatim_refusals 16")
	until(t, "the refused are cut off", func() bool { return ts.refusals.Taken() == 0 })
}

func TestWhatIsNoUpgradeIsAnsweredAndTakesNoPlace(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--max-connections", "1")
	for range 5 {
		if a := ts.get("/ws?name=ann"); a.status != http.StatusUpgradeRequired && a.status != http.StatusBadRequest {
			t.Fatalf("GET /ws without an upgrade: got %d %s", a.status, a.body)
		}
	}
	c, _ := ts.dial("name=ann")
	ts.read(c)
}

func TestDrainingClosesSessionsWith1001AndAnswersWhoWaits(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one")
	c, _ := ts.dial("name=ann")
	ts.read(c)
	answered := make(chan answer, 1)
	go func() { answered <- ts.get("/api/conversations/lobby/messages?after=1&wait=60") }() // ends with its answer
	until(t, "the request waits", func() bool { return ts.hub.Stats().Conversations > 0 })
	ts.cancel()
	if reason := ts.closed(c, websocket.StatusGoingAway); !strings.Contains(reason, "retry_after=") {
		t.Errorf("the reason: got %q", reason)
	}
	(<-answered).is(t, 200).has(t, `"messages":[]`, `"last":1`)
	ts.stop()
	if !strings.Contains(ts.log.String(), `"message":"stopped"`) {
		t.Error("the log does not say that the server has stopped")
	}
}

func TestWhileDrainingTheServerIsNotReadyAndLetsNobodyIn(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.stopServing() // as drain does first; the listener is open still
	ts.get("/readyz").is(t, 503).has(t, "draining")
	ts.get("/healthz").is(t, 200)
	if _, response := ts.dial("name=ann"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new connection got %s, want 503", response.Status)
	}
	ts.get("/metrics").has(t, "verbatim_ready 0")
}

func TestTheSubprotocolIsAnsweredExactlyAsTheContractHasIt(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for _, row := range []struct {
		asked []string // a header line each
		want  string
	}{
		{nil, ""},
		{[]string{"verbatim.v1"}, "verbatim.v1"},
		{[]string{"VERBATIM.V1"}, "verbatim.v1"},
		{[]string{"Verbatim.v1, bearer.eyJhbGciOi"}, "verbatim.v1"},
		{[]string{"bearer.eyJhbGciOi , verbatim.V1"}, "verbatim.v1"},
		{[]string{"VERBATIM.V1,verbatim.v1"}, "verbatim.v1"},
		{[]string{"other", "bearer.x", "VERBATIM.V1"}, "verbatim.v1"},
		{[]string{"bearer.eyJhbGciOi"}, ""},
		{[]string{"verbatim.v2, xverbatim.v1, verbatim.v1x"}, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ts.url+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
			"Sec-Websocket-Protocol": row.asked,
		}
		response, err := ts.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		got := strings.Join(response.Header.Values("Sec-Websocket-Protocol"), " | ")
		if response.StatusCode != http.StatusSwitchingProtocols || got != row.want {
			t.Errorf("asked for %q: got %s, %q, want %q", row.asked, response.Status, got, row.want)
		}
	}
}

// TestWhatIsNoUpgradeIsToldHowUnlessSomebodyPassesItOn: a proxy that passes the header on to a client of HTTP/2 (nginx)
// makes that a broken answer, for curl and for Safari.
func TestWhatIsNoUpgradeIsToldHowUnlessSomebodyPassesItOn(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for what, row := range map[string]struct {
		method string
		header []string
		want   string
	}{
		"a program":                {"GET", nil, "websocket"},
		"the page":                 {"POST", nil, ""},
		"through a proxy":          {"GET", []string{"X-Forwarded-For", "192.0.2.1"}, ""},
		"through one of few words": {"GET", []string{"X-Forwarded-Proto", "https"}, ""},
	} {
		a := ts.ask(row.method, "/ws?name=ann", "", row.header...)
		a.refuses(t, 426, "bad_request", "Upgrade")
		if got := a.header.Get("Upgrade"); got != row.want {
			t.Errorf("%s: got Upgrade %q, want %q", what, got, row.want)
		}
	}
}
