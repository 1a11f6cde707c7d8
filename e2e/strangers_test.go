package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stranger is a connection by hand, without a request.
func (s *server) stranger(t testing.TB, says string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, _ = io.WriteString(c, says) // where it was closed already, that is counted
	return c
}

// stands reports whether a connection is open. It reads what has come.
func stands(c net.Conn) (open bool) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Read(func(fd uintptr) bool {
		for scrap := make([]byte, 4096); ; {
			n, err := unix.Read(int(fd), scrap)
			if n <= 0 {
				open = err == unix.EAGAIN
				return true
			}
		}
	})
	return open && err == nil
}

func standing(conns []net.Conn) (n int) {
	for _, c := range conns {
		if stands(c) {
			n++
		}
	}
	return n
}

// upgrade is the request of a WebSocket client.
func upgrade(query string, headers ...string) string {
	return "GET /ws" + query + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		strings.Join(append(headers, "\r\n"), "\r\n")
}

func TestWhoIsRefusedKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-connections", "200")
	var refused []net.Conn
	for range 300 {
		refused = append(refused, s.stranger(t, upgrade("?name=")))
	}
	eventually(t, "some of them are being told so, and more are refused without words", func() bool {
		metrics := s.get(t, "/metrics").body
		return figure(t, metrics, `verbatim_connections_refused_total{reason="name"}`) >= 16 &&
			figure(t, metrics, `verbatim_connections_refused_total{reason="overfull"}`) >= 100
	})
	for i := range 200 { // each at the first try
		s.dial(t, fmt.Sprintf("honest-%d", i))
	}
	if figure(t, s.get(t, "/metrics").body, "verbatim_sessions") != 200 {
		t.Error("not all 200 honest users are in")
	}
	eventually(t, "those who do not close their end are cut off", func() bool {
		return figure(t, s.get(t, "/metrics").body, "verbatim_refusals") == 0
	})
	if n := standing(refused); n != 0 {
		t.Errorf("%d refused connections still stand", n)
	}
}

// figure reads one of /metrics.
func figure(t testing.TB, metrics, name string) (n int) {
	t.Helper()
	for line := range strings.Lines(metrics) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			return n
		}
	}
	t.Fatalf("/metrics has no %s", name)
	return 0
}

// TestStrangersWhoStayKeepNobodyOut: at 300 open files, honest users come in while 400 connections do all that they
// can to stay, and some of them do.
func TestStrangersWhoStayKeepNobodyOut(t *testing.T) {
	t.Parallel()
	const get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
	const post = "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\n" +
		"Content-Type: application/json\r\n"
	const poll = "GET /api/conversations/lobby/messages?after=1&wait=60 HTTP/1.1\r\nHost: localhost\r\n"
	some := strings.Repeat("x", 20000)
	for what, says := range map[string]string{
		"silent":                       "",
		"a request that has no end":    get + "X-More: ",
		"a blank line, which is wrong": "\r\n",
		"a body that does not come":    post + "Content-Length: 100\r\n\r\n{",
		"a body in pieces, no end":     post + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"fro",
		"idle after a request":         get + "\r\n",
		"a second request, no end":     get + "\r\n" + get,
		"waiting for what never is":    poll + "\r\n",
		"waiting, with a body":         poll + "Content-Length: 20000\r\n\r\n" + some,
		"waiting, the body has no end": poll + "Content-Length: 60000\r\n\r\n" + some,
		"waiting, a large body, wrong": poll + "Content-Length: 10000000\r\n\r\n" + some + some + some + some,
		"sessions of a thousand":       upgrade("?name=mallory"),
		"a TLS client that is wrong":   "\x16\x03\x01\x02\x00\x01",
	} {
		t.Run(what, func(t *testing.T) {
			s := newServer(t)
			s.under = []string{"prlimit", "--nofile=300:300"}
			s.start()
			s.post(t, "lobby", `{"from":"ann","text":"hi"}`).is(t, 201)
			var strangers []net.Conn
			for range 400 {
				strangers = append(strangers, s.stranger(t, says))
			}
			httpClient := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			for range 3 {
				a, err := httpClient.Get("http://" + s.addr + "/api/conversations")
				if err != nil {
					t.Fatalf("an honest GET: %v", err)
				}
				if a.Body.Close(); a.StatusCode != http.StatusOK {
					t.Fatalf("an honest GET: %s", a.Status)
				}
			}
			if standing(strangers) == 0 && !strings.Contains(what, "wrong") {
				t.Error("none of the strangers stands, so that nothing was tried")
			}
			if !strings.Contains(what, "sessions") { // they may have all places: that is what places are for
				ann := s.dial(t, "ann")
				ann.join("lobby")
				ann.send("lobby", "", "still here")
			}
			for _, sign := range []string{"too many open files", "cannot be accepted"} {
				if strings.Contains(s.output.String(), sign) {
					t.Errorf("the log says %q: the bound is not below what the system allows", sign)
				}
			}
		})
	}
}

func TestAnAddressHasAFewConnectionsThatAskForNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-handshakes", "1024")
	var silent []net.Conn
	for range 100 {
		silent = append(silent, s.stranger(t, ""))
	}
	eventually(t, "32 are left",
		func() bool { return figure(t, s.get(t, "/metrics").body, "verbatim_handshakes") <= 32 })
	eventually(t, "the others are closed", func() bool { return standing(silent) <= 32 })
	for i, c := range silent[:60] {
		if stands(c) {
			t.Errorf("connection %d stands: the oldest are those that go", i)
		}
	}
	if n := figure(t, s.get(t, "/metrics").body, `verbatim_connections_refused_total{reason="handshake"}`); n < 68 {
		t.Errorf("the metric counts %d, want those that were closed", n)
	}
}

// TestASlowRequestIsServedWhereNobodyIsInItsWay: no limit is meant for a client that is only slow.
func TestASlowRequestIsServedWhereNobodyIsInItsWay(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.stranger(t, "")
	for _, part := range strings.SplitAfter("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "\n") {
		time.Sleep(200 * time.Millisecond) // slowness is what is tried
		if _, err := io.WriteString(c, part); err != nil {
			t.Fatal(err)
		}
	}
	if a, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || a.StatusCode != 200 {
		t.Errorf("got %v, %v", a, err)
	}
}

func TestThousandsOfNetworksThatPostTakeNoNewcomersRate(t *testing.T) {
	t.Parallel()
	s := serve(t, "--send-rate", "50", "--trusted-proxy", "127.0.0.1")
	// What is no JSON costs its address as much, and the server little.
	const text = "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n" +
		"Content-Length: 0\r\nX-Forwarded-For: 2001:db8:%x:%x::1\r\n\r\n"
	var attack sync.WaitGroup
	for part := range 4 {
		c := s.stranger(t, "")
		attack.Go(func() { // the test's, which waits for it; ends when the last answer is there
			in := bufio.NewReader(c)
			for i := range 10_000 {
				n := part*10_000 + i // 40,000 networks, each in a /56 of its own
				if _, err := fmt.Fprintf(c, text, n>>8, n<<8&0xffff); err != nil {
					t.Error(err)
					return
				}
				a, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, a.Body) // its length is known to be there
				if i%2500 == 0 {
					honest := fmt.Sprintf("198.51.%d.%d", part, i/2500)
					for range 20 {
						s.post(t, "lobby", `{"from":"ann","text":"hi"}`, "X-Forwarded-For", honest).is(t, 201)
					}
				}
			}
		})
	}
	attack.Wait()
}

func TestASilentConnectionDoesNotHoldADrainUp(t *testing.T) {
	t.Parallel()
	s := serve(t, "--drain-timeout", "60s")
	s.stranger(t, "")
	s.stranger(t, "G")
	s.stranger(t, "GET / HTTP/1.1\r\nHost: ")
	eventually(t, "they are there",
		func() bool { return figure(t, s.get(t, "/metrics").body, "verbatim_handshakes") >= 3 })
	if code := s.terminate(); code != 0 { // which waits for less than the drain
		t.Errorf("exit %d, want 0", code)
	}
	if strings.Contains(s.output.String(), "were cut") {
		t.Error("the log says that requests were cut: the drain has waited for those who asked for nothing")
	}
}
