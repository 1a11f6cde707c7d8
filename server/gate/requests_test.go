package gate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"verbatim/server/access"
	"verbatim/server/logging"
)

// age makes the connections in a state older than the gate's grace.
func (g *Gate) age(s state) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for at := g.waiting[s].Front(); at != nil; at = at.Next() {
		a := at.Value.(*arrival)
		a.since -= grace
		a.firstByte.Add(-int64(grace))
	}
}

// A pool may be larger than --max-handshakes, and older than the gate's grace.
func TestAProxyKeepsAnOldPoolForItsNextRequests(t *testing.T) {
	t.Parallel()
	trusted, err := access.ParsePeers([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	g := New(Options{
		Connections: 100, Handshakes: 2, HandshakesEach: 1, Trusted: trusted,
		Refused: refusedCounter(), Notes: logging.NewNotes(zerolog.Nop()),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{
		Handler:   g.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})),
		ConnState: g.ConnState, ConnContext: g.ConnContext,
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(g.Guard(l)) }() // the test's; ends with Close
	defer func() {
		_ = s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()

	var pool []net.Conn
	for range 5 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		pool = append(pool, c)
	}
	for range 2 {
		for n, c := range pool {
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") // if it fails, so does reading
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("connection %d: %v, %v, want 200", n, answer, err)
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "the proxy has them all", func() bool { return g.count(pooled) == len(pool) })
		g.age(pooled)
	}
	if n := g.Stats().Idle; n != len(pool) {
		t.Errorf("%d connections are idle, want %d", n, len(pool))
	}
}

func TestTheLogSaysWhichReaderOfAnAnswerTookNothing(t *testing.T) {
	t.Parallel()
	log := &bytes.Buffer{}
	g := openGateOf(t, Options{
		Connections: 9, Handshakes: 9, HandshakesEach: 9, Notes: logging.NewNotes(zerolog.New(log)),
	})
	for _, row := range []struct {
		state state
		told  bool
	}{{hijacked, false}, {answering, true}} { // a session's end is noted by its own package
		_, here := g.from("127.0.0.1")
		g.begin(here)
		g.mu.Lock()
		g.move(here, row.state)
		g.mu.Unlock()
		_ = here.SetWriteDeadline(time.Unix(1, 0))
		if _, err := here.Write([]byte("HTTP/1.1 200 OK\r\n")); err == nil {
			t.Fatal("the deadline is past")
		}
		if got := strings.Contains(log.String(), "http: stalled"); got != row.told {
			t.Errorf("in the state %d: the log says %q", row.state, log)
		}
	}
}
