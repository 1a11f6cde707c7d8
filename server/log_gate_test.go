package server

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

// What net/http answers by itself no handler hears of, on a connection's first request or on a later one.
func TestTheLogSaysWhatIsAnsweredWithoutAHandler(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ says, answer string }{
		{"hello\r\n\r\n", "400 Bad Request"},
		{"GET /healthz HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header"},
		{"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request"},
		{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400 Bad Request"},
		{
			"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + long(headerBytes+8<<10) + "\r\n\r\n",
			"431 Request Header Fields Too Large",
		},
		{"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"},
		{"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", "505 HTTP Version Not Supported"},
		{"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\nContent-Length: 1\r\n\r\n", "417 Expectation Failed"},
	} {
		for _, earlier := range []int{0, 1} {
			ts := serve(t)
			c := ts.dialTCP()
			in := bufio.NewReader(c)
			for range earlier {
				if _, err := io.WriteString(c, "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				answer, err := http.ReadResponse(in, &http.Request{Method: http.MethodHead})
				if err != nil || answer.StatusCode != 200 {
					t.Fatalf("the request before: %v, %v", answer, err)
				}
			}
			go func() { _, _ = io.WriteString(c, row.says) }() // the test's; ends with the connection, read or not
			answer, err := http.ReadResponse(in, nil)
			if err != nil || !strings.HasPrefix(row.answer, answer.Status[:3]) {
				t.Fatalf("%.60q: got %v, %v, want %s", row.says, answer, err, row.answer)
			}
			_ = c.Close()
			l, says := ts.logs("gate: request"), "answered with "+row.answer
			if l.From != c.LocalAddr().String() || !strings.Contains(l.Message, says) || l.Do == "" {
				t.Errorf("%.60q after %d requests: got %+v", row.says, earlier, l)
			}
			ts.get("/metrics").has(t, `verbatim_connections_refused_total{reason="request"} 1`)
			ts.stop()
		}
	}
}

// A client that closes a connection which it has kept has done nothing odd.
func TestAKeptConnectionThatIsClosedIsNoLine(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.get("/healthz").is(t, 200)
	ts.get("/healthz").is(t, 200)
	ts.client.CloseIdleConnections()
	until(t, "it is closed", func() bool { return ts.gate.Stats().Idle == 0 })
	ts.stop()
	if said := ts.log.String(); strings.Contains(said, "gate: ") {
		t.Errorf("the log says %s", said)
	}
}

func TestABodyThatBreaksOffIsRefusedWhereItMeansNothingToo(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"no chunk":  "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"a trailer": "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nno trailer\r\n\r\n",
	} {
		ts := serve(t)
		ts.bare("GET /api/conversations HTTP/1.1\r\nHost: localhost\r\n" + says)
		l := ts.logs("http: bad_request")
		if l.Path != "/api/conversations" || !strings.Contains(l.Message, "without") {
			t.Errorf("%s: got %+v", name, l)
		}
	}
}

// Who sends a body slowly where it means nothing is not waited for, and who is told to go on with one was not refused.
func TestADrainDoesNotWaitForABodyThatMeansNothing(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	c := ts.dialTCP()
	const head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	for range 2 {
		if _, err := io.WriteString(c, head); err != nil {
			t.Fatal(err)
		}
		if a, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || a.StatusCode != 100 {
			t.Fatalf("got %v, %v, want to go on", a, err)
		}
		until(t, "the body is awaited", func() bool { return ts.gate.Stats().Handshakes == 1 })
		if _, err := io.WriteString(c, "xxxxx"); err != nil {
			t.Fatal(err)
		}
		if a, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || a.StatusCode != 200 {
			t.Fatalf("got %v, %v, want 200", a, err)
		}
		until(t, "it is kept", func() bool { return ts.gate.Stats().Idle == 1 })
	}
	if _, err := io.WriteString(c, head); err != nil {
		t.Fatal(err)
	}
	if a, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || a.StatusCode != 100 {
		t.Fatalf("got %v, %v, want to go on", a, err)
	}
	ts.stop()
	if said := ts.log.String(); strings.Contains(said, `"level":"warn"`) {
		t.Errorf("the log says %s", said)
	}
}
