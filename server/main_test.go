package server

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"verbatim/server/logging"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must come; a test that passes does not spend it.
const patience = time.Minute

// defaults is a configuration with every default, and the flags given.
func defaults(t testing.TB, flags ...string) *Config {
	t.Helper()
	var cfg Config
	parser, err := kong.New(&cfg, kong.Exit(func(int) { t.Fatal("kong wants to exit") }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(flags); err != nil {
		t.Fatal(err)
	}
	return &cfg
}

// testServer is a server with real rooms on a port of its own.
type testServer struct {
	*Server
	t      testing.TB
	url    string
	log    *lines
	client *http.Client
	cancel context.CancelFunc
	reload chan os.Signal
	ended  chan error // has capacity 1: what Run returned
}

// serve starts a server; it is drained with its test at the latest.
func serve(t testing.TB, flags ...string) *testServer {
	t.Helper()
	cfg := defaults(t, append([]string{"--listen", "127.0.0.1:0", "--data-dir", t.TempDir() + "/data", "--send-rate", "0"}, flags...)...)
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	log, stdout := &lines{}, &lines{}
	s, err := New(t.Context(), cfg, Build{"test", "none"}, stdout, logging.Direct(zerolog.New(log)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ts := &testServer{
		Server: s, t: t, url: s.listeners[0].URL, log: log, cancel: cancel, reload: make(chan os.Signal, 1),
		client: &http.Client{Transport: &http.Transport{}}, ended: make(chan error, 1),
	}
	go func() { ts.ended <- s.Run(ctx, ts.reload) }() // the test's; ends with cancel; stop waits for it
	t.Cleanup(func() {
		ts.stop()
		if got, want := stdout.String(), "listening on "+strings.Join(ts.where(), "\nlistening on ")+"\n"; got != want {
			t.Errorf("stdout: got %q, want %q", got, want)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", log)
		}
	})
	return ts
}

// stop drains the server and gives what Run returned; once.
func (ts *testServer) stop() {
	ts.t.Helper()
	ts.cancel()
	ts.client.CloseIdleConnections()
	select {
	case err, first := <-ts.ended:
		if first && err != nil {
			ts.t.Errorf("Run: %v", err)
		}
		if first {
			close(ts.ended)
		}
	case <-time.After(patience):
		ts.t.Fatalf("the server did not drain within %v", patience)
	}
}

// answer is an HTTP answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; headers are pairs.
func (ts *testServer) ask(method, path, body string, headers ...string) answer {
	ts.t.Helper()
	r, err := http.NewRequestWithContext(ts.t.Context(), method, ts.url+path, strings.NewReader(body))
	if err != nil {
		ts.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	response, err := ts.client.Do(r)
	if err != nil {
		ts.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		ts.t.Fatalf("%s %s: the body: %v", method, path, err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

func (ts *testServer) get(path string, headers ...string) answer {
	ts.t.Helper()
	return ts.ask(http.MethodGet, path, "", headers...)
}

func (ts *testServer) post(conversation, body string, headers ...string) answer {
	ts.t.Helper()
	return ts.ask(http.MethodPost, "/api/conversations/"+conversation+"/messages", body,
		append([]string{"Content-Type", "application/json"}, headers...)...)
}

// says puts messages on the record.
func (ts *testServer) says(conversation, from string, texts ...string) {
	ts.t.Helper()
	for _, text := range texts {
		ts.post(conversation, `{"from":"`+from+`","text":"`+text+`"}`).is(ts.t, http.StatusCreated)
	}
}

func (a answer) is(t testing.TB, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d %.300s, want %d", a.status, a.body, status)
	}
	return a
}

// refuses wants the status and a JSON error of that code whose reason holds the words.
func (a answer) refuses(t testing.TB, status int, code, words string) answer {
	t.Helper()
	if a.status != status || !strings.HasPrefix(a.body, `{"error":{"code":"`+code+`","reason":"`) || !strings.Contains(a.body, words) ||
		!strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Errorf("got %d %.300s, want %d %s with %q", a.status, a.body, status, code, words)
	}
	return a
}

func (a answer) has(t testing.TB, words ...string) answer {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			t.Errorf("got %.400s, want %s in it", a.body, w)
		}
	}
	return a
}

// contains reports whether a text has all these words.
func contains(text string, words ...string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// lines takes what a server writes. Safe for concurrent use.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// dialTCP opens a bare connection to the server.
func (ts *testServer) dialTCP() net.Conn {
	ts.t.Helper()
	c, err := net.Dial("tcp", ts.listeners[0].Addr().String())
	if err != nil {
		ts.t.Fatal(err)
	}
	ts.t.Cleanup(func() { c.Close() })
	return c
}

// bare sends a request as it is written, and reads the answer's head.
func (ts *testServer) bare(request string) *http.Response {
	ts.t.Helper()
	c := ts.dialTCP()
	if _, err := io.WriteString(c, request); err != nil {
		ts.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		ts.t.Fatalf("%q: %v", request, err)
	}
	return response
}
