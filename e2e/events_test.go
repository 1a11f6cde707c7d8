package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// curl listens to a conversation as the README has it, and returns its lines.
func (s *server) curl(t *testing.T, query string, flags ...string) (lines func() string, p *process) {
	t.Helper()
	args := append([]string{"-sSN", "-H", "Accept: text/event-stream"}, flags...)
	p = start(t, true, "curl", append(args, "http://"+s.addr+"/api/conversations/lobby/messages"+query)...)
	in := bufio.NewReader(p.stdout)
	read := make(chan string)
	go func() { // the test's; ends with curl's output, or with the test
		defer close(read)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			select {
			case read <- strings.TrimSuffix(line, "\n"):
			case <-t.Context().Done():
				_, _ = io.Copy(io.Discard, in)
				return
			}
		}
	}()
	return func() string {
		t.Helper()
		select {
		case line, more := <-read:
			if !more {
				return "EOF"
			}
			return line
		case <-time.After(patience):
			t.Fatalf("curl said nothing for %v", patience)
			return ""
		}
	}, p
}

// eventsUntil reads on to the entry with that id, and returns what came: `id` lines, and `event` lines.
func eventsUntil(next func() string, id string) (got []string) {
	for {
		line := next()
		name, value, _ := strings.Cut(line, ": ")
		if name == "id" && value != "" || name == "event" {
			got = append(got, value)
		}
		if line == "EOF" || name == "id" && value == id {
			return got
		}
	}
}

func TestCurlListensAndGoesOnAfterACrashWithoutAHoleOrADouble(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		say := func(text string) {
			s.post(t, "lobby", `{"from":"bot","text":"`+text+`"}`).is(t, 201)
		}
		say("one")
		say("two")
		next, _ := s.curl(t, "?after=0")
		if got := eventsUntil(next, "2"); !slices.Equal(got, []string{"record", "1", "2"}) {
			t.Errorf("got %v", got)
		}
		say("three")
		if got := eventsUntil(next, "3"); !slices.Equal(got, []string{"3"}) {
			t.Errorf("live: got %v", got)
		}
		s.crash()
		if got := eventsUntil(next, ""); !slices.Equal(got, nil) {
			t.Errorf("after the crash: got %v", got)
		}
		say("four")
		next, _ = s.curl(t, "?after=0", "-H", "Last-Event-ID: 3")
		say("five")
		if got := eventsUntil(next, "5"); !slices.Equal(got, []string{"record", "4", "5"}) {
			t.Errorf("back: got %v", got)
		}
		if code := s.terminate(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		var last string
		for line := next(); line != "EOF"; line = next() {
			if line != "" {
				last = line
			}
		}
		if !strings.HasPrefix(last, "retry: ") {
			t.Errorf("the last line of a drain is %q, want when to come back", last)
		}
	})
}

func TestACurlThatComesBackToAnotherRecordIsToldSo(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, text := range []string{"one", "two", "three"} {
		s.post(t, "lobby", `{"from":"bot","text":"`+text+`"}`).is(t, 201)
	}
	s.terminate()
	if err := os.RemoveAll(s.data); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.post(t, "lobby", `{"from":"bot","text":"new"}`).is(t, 201)
	next, _ := s.curl(t, "", "-H", "Last-Event-ID: 3")
	if got := eventsUntil(next, "1"); !slices.Equal(got, []string{"reset", "record", "1"}) {
		t.Errorf("got %v, want reset, and the new record from its beginning", got)
	}
}

// A million bytes a second that nobody reads: the connection is closed after the write timeout, others wait for
// nothing, and the log says who it was.
func TestTheLogSaysWhichSlowReaderWasClosed(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct{ asks, first string }{
		"a stream": {"GET /api/conversations/lobby/messages?after=0 HTTP/1.1\r\nHost: localhost\r\n" +
			"Accept: text/event-stream\r\n\r\n", ""},
		"a session": {"GET /ws?name=slow HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
			`{"type":"join","conversation":"lobby","after":0}`},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := serve(t, "--write-timeout", "1s")
			ann := s.dial(t, "ann")
			text := strings.Repeat("x", 16000)
			for i := range 600 { // more than the kernel holds for one connection
				ann.send("lobby", fmt.Sprint(i), text)
			}
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			if _, err := io.WriteString(c, row.asks); err != nil {
				t.Fatal(err)
			}
			if row.first != "" {
				if _, err := io.WriteString(c, framed(0x81, true, row.first)); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "a line about it", func() bool {
				return slices.ContainsFunc(s.output.lines(), func(line string) bool {
					return strings.Contains(line, `"kind":"session: stalled"`) &&
						strings.Contains(line, `"from":"`+c.LocalAddr().String()+`"`)
				})
			})
			body := s.get(t, "/metrics").body
			if !strings.Contains(body, `verbatim_closes_total{code="none",reason="stalled"} 1`) {
				t.Error("it is not counted")
			}
		})
	}
}

// listen opens a stream through the proxy.
func (p *proxy) listen(host, path, query string) func() string {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.url(host, path+"/api/conversations/lobby/messages"+query), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream") // and gzip, which the client takes by itself
	resp, err := p.client("").Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { resp.Body.Close() })
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || kind != "text/event-stream" {
		p.t.Fatalf("got %s, %s", resp.Status, kind)
	}
	in := bufio.NewReader(resp.Body)
	return func() string {
		line, err := in.ReadString('\n')
		if err != nil {
			return "EOF"
		}
		return strings.TrimSuffix(line, "\n")
	}
}

func eventsComeAtOnce(t *testing.T, p *proxy) {
	last := p.server.post(t, "lobby", `{"from":"bot","text":"first"}`).is(t, 201)
	var ack struct{ Seq int }
	last.into(t, &ack)
	for host, path := range p.ways() {
		next := p.listen(host, path, fmt.Sprintf("?after=%d", ack.Seq-1))
		for range 3 { // each comes before the next one is said
			if got := eventsUntil(next, fmt.Sprint(ack.Seq)); got[len(got)-1] != fmt.Sprint(ack.Seq) {
				t.Fatalf("%s: got %v, want %d", host, got, ack.Seq)
			}
			p.server.post(t, "lobby", `{"from":"bot","text":"next"}`).is(t, 201).into(t, &ack)
		}
	}
}

// What the server says of buffering counts where the configuration does not: most have nginx as it comes, with
// compression.
func TestNginxPassesEventsOnAtOnceThoughItBuffersAndCompresses(t *testing.T) {
	t.Parallel()
	plain := proxyKinds[0]
	plain.fit = func(p *proxy, config string) string {
		config = strings.ReplaceAll(config, "proxy_buffering off;", "proxy_buffering on;")
		config = strings.ReplaceAll(config, "proxy_http_version 1.1;", "proxy_http_version 1.0;")
		return strings.Replace(fitNginx(p, config), "http {\n",
			"http {\ngzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/event-stream application/json;\n", 1)
	}
	eventsComeAtOnce(t, startProxy(t, plain))
}
