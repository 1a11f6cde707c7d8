package e2e

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// letIn reports whether a connection becomes a session; else it must be closed with 1013.
func (s *server) letIn(t testing.TB, opts *websocket.DialOptions) bool {
	t.Helper()
	c, err := s.tryDial(t, "name=ann", opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, welcome := c.await(patience, ofType("welcome")); welcome {
		return true
	}
	if code, reason := c.closed(); code != websocket.StatusTryAgainLater {
		t.Fatalf("closed with %d %s, want 1013", code, reason)
	}
	return false
}

func TestEverybodyBehindAProxyIsAClientOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, "--send-rate", "1", "--max-connections-per-ip", "1", "--trusted-proxy", "127.0.0.1")
	as := func(addr string) *websocket.DialOptions {
		return &websocket.DialOptions{HTTPHeader: http.Header{"X-Forwarded-For": {addr}}}
	}
	for _, addr := range []string{"203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8:0:1::1"} {
		if !s.letIn(t, as(addr)) {
			t.Errorf("%s was not let in", addr)
		}
		if s.letIn(t, as("10.66.66.66, "+addr)) {
			t.Errorf("a second connection of %s was let in", addr)
		}
		posted := 0
		for i := range 10 {
			message := fmt.Sprintf(`{"from":"ann","text":"%d"}`, i)
			if a := s.post(t, "lobby", message, "X-Forwarded-For", addr); a.status == 201 {
				posted++
			} else {
				a.refuses(t, 429, "rate_limited")
				break
			}
		}
		if posted < 2 || posted > 9 {
			t.Errorf("%s posted %d times, want its own burst", addr, posted)
		}
	}
}

func TestAStrangerSpeaksForNobodyElse(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-connections-per-ip", "1", "--trusted-proxy", "192.0.2.1")
	s.dial(t, "ann")
	for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded"} {
		value := map[bool]string{true: "for=203.0.113.9", false: "203.0.113.9"}[header == "Forwarded"]
		if s.letIn(t, &websocket.DialOptions{HTTPHeader: http.Header{header: {value}}}) {
			t.Errorf("%s of a stranger was believed", header)
		}
	}
	warnings := 0
	for _, line := range s.output.lines() {
		if strings.Contains(line, "--trusted-proxy") {
			warnings++
		}
	}
	if warnings != 1 {
		t.Errorf("the log warns %d times of a forwarded header, want once:\n%s", warnings, s.output)
	}
}

// ofV2 is a header of version 2 of the PROXY protocol; block is its hex.
func ofV2(command, family byte, block string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(block, " ", ""))
	if err != nil {
		panic(err)
	}
	return "\r\n\r\n\x00\r\nQUIT\n" + string([]byte{0x20 | command, family, byte(len(b) >> 8), byte(len(b))}) +
		string(b)
}

// speak sends bytes in the pieces given and returns the answer; "": the connection was closed without one.
func (s *server) speak(t testing.TB, pieces ...string) string {
	t.Helper()
	c := s.stranger(t, "")
	for _, piece := range pieces {
		if _, err := io.WriteString(c, piece); err != nil {
			return ""
		}
	}
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return ""
	}
	body, _ := io.ReadAll(a.Body) // what there is of it
	return fmt.Sprint(a.StatusCode, " ", string(body))
}

func TestAPROXYHeaderSaysForWhomAProxyConnects(t *testing.T) {
	t.Parallel()
	s := serve(t, "--send-rate", "1", "--proxy-protocol", "127.0.0.0/8", "--trusted-proxy", "203.0.113.200")
	post := func(headers ...string) string {
		body := `{"from":"ann","text":"hi"}`
		return "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
			"Content-Type: application/json\r\n" + strings.Join(headers, "") +
			fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	// Each has a rate of its own: three posts at once are one more than it takes, so that the last is refused, and
	// the next address's not.
	for what, row := range map[string]struct{ head, post string }{
		"version 1, IPv4":                 {"PROXY TCP4 203.0.113.1 192.0.2.1 4711 80\r\n", post()},
		"version 1, IPv6":                 {"PROXY TCP6 2001:db8:1::1 2001:db8::2 4711 80\r\n", post()},
		"version 1, IPv4 as nginx has it": {"PROXY TCP6 203.0.114.2 2001:db8::2 4711 80\r\n", post()},
		"version 1, unknown":              {"PROXY UNKNOWN\r\n", post()},
		"version 2, IPv4":                 {ofV2(1, 0x11, "cb007203 c0000201 1267 0050"), post()},
		"version 2, IPv6": {
			ofV2(1, 0x21, "20010db8000200000000000000000001 20010db8000000000000000000000002 1267 0050"), post(),
		},
		"version 2, with more behind it": {ofV2(1, 0x11, "cb007304 c0000201 1267 0050 04 0003 616263"), post()},
		"and X-Forwarded-For behind it": {"PROXY TCP4 203.0.113.200 192.0.2.1 4711 80\r\n",
			post("X-Forwarded-For: 198.51.100.1\r\n")},
	} {
		got := map[string]int{}
		for range 12 {
			status, _, _ := strings.Cut(s.speak(t, row.head+row.post), " ")
			got[status]++
		}
		if got["201"] < 2 || got["429"] == 0 || got["201"]+got["429"] != 12 {
			t.Errorf("%s: 12 posts at --send-rate 1: got %v, want a burst of its own, and 429", what, got)
		}
	}
	const healthz = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	if got := s.speak(t, ofV2(0, 0, ""), healthz); !strings.HasPrefix(got, "200") {
		t.Errorf("a health check of the proxy's own (LOCAL): got %q", got)
	}
	byteByByte := strings.Split("PROXY TCP4 203.0.113.77 192.0.2.1 4711 80\r\n"+healthz, "")
	if got := s.speak(t, byteByByte...); !strings.HasPrefix(got, "200") {
		t.Errorf("a header that comes byte by byte: got %q", got)
	}
}

func TestWithoutAPROXYHeaderThatCanBeReadAProxyIsCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, "--proxy-protocol", "127.0.0.1", "--admin-listen", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	const get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	for what, says := range map[string]string{
		"none": get,
		"version 1 without an end": "PROXY TCP4 203.0.113.1 192.0.2.1 4711 80" + strings.Repeat(" ", 200) +
			"\r\n" + get,
		"version 1 without a CR":        "PROXY TCP4 203.0.113.1 192.0.2.1 4711 80\n" + get,
		"version 1 with a wrong family": "PROXY TCP4 2001:db8::1 192.0.2.1 4711 80\r\n" + get,
		"version 1 with a wrong port":   "PROXY TCP4 203.0.113.1 192.0.2.1 99999 80\r\n" + get,
		"version 1, garbage":            "PROXY garbage of some kind\r\n" + get,
		"version 2, a wrong command":    ofV2(7, 0x11, "cb007203 c0000201 1267 0050") + get,
		"version 2, a wrong family":     ofV2(1, 0x77, "cb007203 c0000201 1267 0050") + get,
		"version 2, too short":          ofV2(1, 0x11, "cb007203") + get,
		"version 2, too long":           "\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff" + strings.Repeat("x", 10_000),
		"TLS":                           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on",
	} {
		if got := s.speak(t, says); got != "" {
			t.Errorf("%s: got %q, want it closed without a word", what, got)
		}
	}
	// What ends before its request is whole is told by its own address, and by its proxy's.
	half := s.stranger(t, "")
	const begun = "PROXY TCP4 203.0.113.88 192.0.2.1 4712 80\r\nGET /half HTTP/1.1\r\n"
	if _, err := io.WriteString(half, begun); err != nil {
		t.Fatal(err)
	}
	half.Close()
	eventually(t, "a line names the client and its proxy", func() bool {
		return strings.Contains(s.output.String(), `"from":"203.0.113.88:4712","via":"127.0.0.1:`)
	})
	eventually(t, "the log says so, and what to do",
		func() bool { return strings.Contains(s.output.String(), "send-proxy") })
}

func TestAWebSocketBehindAPROXYHeader(t *testing.T) {
	t.Parallel()
	s := serve(t, "--proxy-protocol", "127.0.0.1", "--max-connections-per-ip", "1")
	through := func(addr string) *websocket.DialOptions {
		dial := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				_, err = fmt.Fprintf(c, "PROXY TCP4 %s 192.0.2.1 4711 80\r\n", addr)
			}
			return c, err
		}}
		return &websocket.DialOptions{HTTPClient: &http.Client{Transport: dial}}
	}
	for _, addr := range []string{"203.0.113.1", "203.0.113.2", "203.0.113.3"} {
		c, err := s.tryDial(t, "name=ann", through(addr))
		if err != nil {
			t.Fatalf("%s: %v", addr, err)
		}
		c.join("lobby")
		c.send("lobby", "", "from "+addr)
	}
	if s.letIn(t, through("203.0.113.1")) {
		t.Error("a second connection of one address was let in")
	}
}

func TestAPROXYHeaderOfAnybodyElseIsBadHTTP(t *testing.T) {
	t.Parallel()
	s := serve(t, "--proxy-protocol", "192.0.2.1")
	for _, head := range []string{
		"PROXY TCP4 203.0.113.1 192.0.2.1 4711 80\r\n", ofV2(1, 0x11, "cb007203 c0000201 1267 0050"),
	} {
		if got := s.speak(t, head, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); !strings.HasPrefix(got, "400") {
			t.Errorf("%q: got %q, want 400", head, got)
		}
	}
	s.get(t, "/healthz").is(t, 200)
}

func TestMetricsAreForThisMachineAloneAndPprofForTheAdmin(t *testing.T) {
	t.Parallel()
	s := serve(t, "--trusted-proxy", "127.0.0.1", "--allow-host", "chat.example")
	s.get(t, "/metrics").is(t, 200)
	for _, headers := range [][]string{
		{"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-For", "127.0.0.1"},
		{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "chat.example"},
		{"Forwarded", "for=203.0.113.7"}, {"Host", "chat.example"}, {"Host", "192.0.2.1"},
	} {
		s.get(t, "/metrics", headers...).refuses(t, 404, "not_found")
	}
	if a := s.get(t, "/debug/pprof/"); strings.Contains(a.body, "goroutine") {
		t.Errorf("pprof is on the main address: %d %.200s", a.status, a.body)
	}

	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	measured := serve(t, "--admin-listen", at)
	measured.get(t, "/metrics").refuses(t, 404, "not_found")
	admin := &server{t: t, addr: at}
	if a := admin.get(t, "/metrics").is(t, 200); !strings.Contains(a.body, "verbatim_ready 1") {
		t.Errorf("/metrics of the admin: got %.300s", a.body)
	}
	if a := admin.get(t, "/debug/pprof/goroutine?debug=1").is(t, 200); !strings.Contains(a.body, "goroutine profile") {
		t.Errorf("pprof: got %.300s", a.body)
	}
	admin.get(t, "/readyz").is(t, 200)
	admin.get(t, "/metrics", "Host", "evil.example").is(t, 403)
	admin.get(t, "/metrics", "Origin", "https://evil.example").is(t, 403)
	if a := admin.get(t, "/api/conversations"); a.status != 404 {
		t.Errorf("the admin's address serves the chat: %d", a.status)
	}
	eventually(t, "the log says where", func() bool {
		return strings.Contains(measured.output.String(), at) &&
			strings.Contains(measured.output.String(), "for this machine only")
	})
	if code := measured.terminate(); code != 0 {
		t.Errorf("exit %d", code)
	}

	open := serve(t, "--admin-listen", fmt.Sprintf("0.0.0.0:%d", freePort(t)))
	eventually(t, "the log says who may read there", func() bool {
		return strings.Contains(open.output.String(), "open to everybody who reaches this address")
	})
}
