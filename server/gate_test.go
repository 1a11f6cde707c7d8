package server

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
)

// The gate itself is tested in its own package.

// A pool may be larger than --max-handshakes.
func TestAProxyKeepsItsConnectionsForItsNextRequests(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--trusted-proxy", "127.0.0.1", "--max-handshakes", "2")
	var pool []net.Conn
	for range 5 {
		pool = append(pool, ts.dialTCP())
	}
	for range 2 {
		for n, c := range pool {
			_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") // where it fails, so does reading
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("connection %d: %v, %v, want 200", n, answer, err)
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "the proxy has them all", func() bool { return ts.gate.Stats().Idle == len(pool) })
	}
	ts.get("/metrics").has(t, "verbatim_idle_connections 5")
}

func TestAConnectionCountsAsItsRequestGoes(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	counts := func(what string, wantFresh, wantIdle, wantAsked int) {
		t.Helper()
		until(t, what, func() bool {
			now := ts.gate.Stats()
			return now.Handshakes == wantFresh && now.Idle == wantIdle && now.Answering == wantAsked
		})
	}
	c := ts.dialTCP()
	counts("it is silent", 1, 0, 0)
	write := func(text string) {
		t.Helper()
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
	}
	write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
	counts("it has half a header", 1, 0, 0)
	write("\r\n")
	counts("it was answered", 0, 1, 0)
	write("POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{")
	counts("it has half a body", 1, 0, 0)
	write(`"from":"bot","text":"hi"}`)
	counts("it was posted", 0, 1, 0)
	write("GET /api/conversations/lobby/messages?after=1&wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	counts("it waits", 0, 0, 1)
	ts.says("lobby", "ann", "there it is")
	counts("it was answered, and so was who posted", 0, 2, 0)
	_ = c.Close()
	ts.client.CloseIdleConnections()
	counts("they are gone", 0, 0, 0)
	ts.dial("name=ann")
	until(t, "a session is none of these", func() bool {
		now := ts.gate.Stats()
		return now.Open == 1 && now.Networks == 0
	})
}
