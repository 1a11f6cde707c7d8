package server

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// hang begins a POST whose body never comes, and returns once its handler waits for it.
func (ts *testServer) hang() net.Conn {
	ts.t.Helper()
	c := ts.dialTCP()
	_, err := io.WriteString(c, "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\n"+
		"Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	if err != nil {
		ts.t.Fatal(err)
	}
	// net/http asks for the body when the handler reads it (RFC 9110, 10.1.1).
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		ts.t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	return c
}

func TestBeyondTheDrainTimeRequestsAreCutAndTheRecordIsClosed(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--drain-timeout", "200ms")
	ts.says("lobby", "ann", "hi")
	c := ts.hang()
	began := time.Now()
	ts.stop()
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("the drain took %v, want the request to have its time", took)
	}
	if !strings.Contains(ts.log.String(), "requests were cut") {
		t.Error("the log does not say that requests were cut")
	}
	if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the cut connection: %v", err)
	}
	again := serve(t, "--data-dir", ts.cfg.DataDir) // the lock is free, and all is there
	again.get("/api/conversations/lobby/messages").is(t, 200).has(t, `"last":1`)
}

func TestARequestInFlightIsFinishedWhileDraining(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	c := ts.hang()
	ts.cancel()
	until(t, "the drain has begun", func() bool { return strings.Contains(ts.log.String(), "draining") })
	body := `{"from":"bot","text":"hi"}`
	if _, err := io.WriteString(c, body+strings.Repeat(" ", 100-len(body))); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.Contains(string(answer), "201 Created") || !strings.Contains(string(answer), `"seq":1`) {
		t.Errorf("got %q, %v, want the ack", answer, err)
	}
	ts.stop()
}

func TestAConnectionThatAskedForNothingDoesNotHoldTheDrainUp(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.dialTCP()
	until(t, "it is accepted", func() bool { return ts.gate.Stats().Handshakes == 1 })
	here, there := net.Pipe() // another, of which net/http knows nothing: so it is the drain that closes it
	if _, err := ts.gate.Guard(&oneConnection{conn: here}).Accept(); err != nil {
		t.Fatal("the gate did not admit it")
	}
	ts.stop()
	if _, err := there.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after the drain its other end reads %v, want EOF", err)
	}
}

func TestAStartThatFailsLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	cfg := defaults(t, "--data-dir", t.TempDir()+"/data", "--listen", ts.listeners[0].Addr().String())
	for range 2 { // the second finds the data directory unlocked
		_, err := New(t.Context(), cfg, Build{}, io.Discard, ts.logger)
		if err == nil || !strings.Contains(err.Error(), "is in use: stop what serves there") {
			t.Errorf("got %v, want that the address is in use", err)
		}
	}
}

// oneConnection is a listener that accepts a connection at once.
type oneConnection struct {
	net.Listener
	conn net.Conn
}

func (l *oneConnection) Accept() (net.Conn, error) { return l.conn, nil }
