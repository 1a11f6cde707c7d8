package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestTheDoorsKnowHostsAndOrigins(t *testing.T) {
	t.Parallel()
	flags := []string{"--host", "chat.example.com,intra:8080", "--origin", "https://App.example.com", "--origin", "http://other:3000"}
	for _, row := range []struct {
		what         string
		loopback     bool
		host, origin string
		want         int
	}{
		{"localhost", true, "localhost:8080", "", 200},
		{"LOCALHOST", true, "LocalHost", "", 200},
		{"an address", true, "127.0.0.1:8080", "", 200},
		{"another address", true, "10.1.2.3", "", 200},
		{"an IPv6 address", true, "[::1]:8080", "", 200},
		{"a --host", true, "Chat.Example.com:443", "", 200},
		{"a --host that was given with a port", true, "intra", "", 200},
		{"a foreign host (DNS rebinding)", true, "evil.example.com:8080", "", 403},
		{"a host that begins like localhost", true, "localhost.evil.example.com", "", 403},
		{"a host that begins like an address", true, "127.0.0.1.evil.example.com", "", 403},
		{"no host", true, "", "", 403},
		{"any host where the listener is not loopback", false, "evil.example.com", "", 200},

		{"the server's own origin", true, "localhost:8080", "http://localhost:8080", 200},
		{"its own behind TLS", true, "chat.example.com", "https://chat.example.com", 200},
		{"its own with the scheme's port", true, "chat.example.com:443", "https://chat.example.com", 200},
		{"its own in other letters", true, "localhost:8080", "http://LOCALHOST:8080", 200},
		{"an --origin", true, "localhost:8080", "https://app.example.com", 200},
		{"an --origin with a port", false, "chat", "http://other:3000", 200},
		{"an --origin on another port", true, "localhost:8080", "https://app.example.com:444", 403},
		{"an --origin's host by another scheme", true, "localhost:8080", "http://app.example.com", 403},
		{"another port of the same host", true, "localhost:8080", "http://localhost:9090", 403},
		{"the same machine by another name", true, "127.0.0.1:8080", "http://localhost:8080", 403},
		{"a foreign origin", false, "chat", "https://evil.example.com", 403},
		{"a sandboxed page", false, "chat", "null", 403},
		{"a file", false, "chat", "file://", 403},
		{"what is no origin", false, "chat", "http://chat/path", 403},
		{"userinfo before the host", false, "chat", "http://chat@evil.example.com", 403},
	} {
		d := newDoors(defaults(t, flags...), row.loopback)
		h := d.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), prometheus.NewCounter(prometheus.CounterOpts{}))
		r := httptest.NewRequest(http.MethodGet, "/api/conversations", nil)
		r.Host = row.host
		if row.origin != "" {
			r.Header.Set("Origin", row.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != row.want {
			t.Errorf("%s: Host %q, Origin %q: got %d, want %d", row.what, row.host, row.origin, w.Code, row.want)
		}
	}
}

func TestAnAllowedOriginMayReadTheAnswers(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--origin", "https://app.example.com")
	app := []string{"Origin", "https://app.example.com"}
	if got := ts.get("/api/conversations", app...).is(t, 200).header.Get("Access-Control-Allow-Origin"); got != app[1] {
		t.Errorf("Access-Control-Allow-Origin: got %q", got)
	}
	preflight := ts.ask(http.MethodOptions, "/api/conversations/lobby/messages", "", append(app, "Access-Control-Request-Method", "POST")...)
	preflight.is(t, http.StatusNoContent)
	if got := preflight.header.Get("Access-Control-Allow-Headers"); got != "Content-Type, Idempotency-Key" {
		t.Errorf("Access-Control-Allow-Headers: got %q", got)
	}
	own := ts.get("/api/conversations", "Origin", ts.url).is(t, 200)
	if got := own.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("the server's own page needs no leave, got %q", got)
	}
}

func TestTheDoorsStandBeforeEverything(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for _, path := range []string{"/", "/c/lobby", "/ws?name=ann", "/api/conversations", "/healthz", "/readyz", "/metrics", "/nothing"} {
		ts.get(path, "Host", "evil.example.com").refuses(t, 403, "forbidden", "--host")
		ts.get(path, "Origin", "https://evil.example.com").refuses(t, 403, "forbidden", "--origin")
	}
}
