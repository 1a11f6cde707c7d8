package server

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnAllowedOriginMayReadTheAnswers(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--allow-origin", "https://app.example.com")
	app := []string{"Origin", "https://app.example.com"}
	if got := ts.get("/api/conversations", app...).is(t, 200).header.Get("Access-Control-Allow-Origin"); got != app[1] {
		t.Errorf("Access-Control-Allow-Origin: got %q", got)
	}
	preflight := ts.ask(http.MethodOptions, "/api/conversations/lobby/messages", "", append(app, "Access-Control-Request-Method", "POST")...)
	preflight.is(t, http.StatusNoContent)
	if got := preflight.header.Get("Access-Control-Allow-Headers"); got != "Authorization, Content-Type, Idempotency-Key, Last-Event-ID" {
		t.Errorf("Access-Control-Allow-Headers: got %q", got)
	}
	own := ts.get("/api/conversations", "Origin", ts.url).is(t, 200)
	if got := own.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("the server's own page needs no leave, got %q", got)
	}
}

func TestAnswersToAllowedOriginsAreKeptForNobodyElse(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--allow-origin", "https://*.example.com", "--allow-origin", "capacitor://localhost")
	for _, row := range []struct{ origin, allowed string }{
		{"", ""}, {"https://a.example.com", "https://a.example.com"}, {"capacitor://localhost", "capacitor://localhost"}, {ts.url, ""},
	} {
		var headers []string
		if row.origin != "" {
			headers = []string{"Origin", row.origin}
		}
		a := ts.get("/api/conversations", headers...).is(t, 200)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != row.allowed {
			t.Errorf("Origin %q: got Access-Control-Allow-Origin %q, want %q", row.origin, got, row.allowed)
		}
		if got := a.header.Get("Vary"); got != "Origin" {
			t.Errorf("Origin %q: got Vary %q, want Origin: a cache would hand it to others", row.origin, got)
		}
	}
	missing := ts.get("/api/conversations/none/transcript", "Origin", "https://a.example.com").is(t, 404)
	if got := missing.header.Get("Access-Control-Allow-Origin"); got != "https://a.example.com" {
		t.Errorf("an error: got Access-Control-Allow-Origin %q, so the page cannot read why", got)
	}
	refused := ts.ask(http.MethodOptions, "/api/conversations", "", "Origin", "https://example.com", "Access-Control-Request-Method", "GET")
	if refused.is(t, 403).header.Get("Access-Control-Allow-Origin") != "" || refused.header.Get("Vary") != "Origin" {
		t.Errorf("a refused origin's preflight: got %v", refused.header)
	}
}

func TestSeveralOriginsMustAllBeAllowed(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--allow-origin", "https://app.example.com")
	good, evil := []string{"Origin", "https://app.example.com"}, []string{"Origin", "https://evil.example.com"}
	ts.get("/api/conversations", append(good, evil...)...).refuses(t, 403, "forbidden", "--allow-origin https://evil.example.com")
	ts.get("/api/conversations", append(evil, good...)...).refuses(t, 403, "forbidden", "--allow-origin https://evil.example.com")
	ts.get("/api/conversations", "Origin", "https://app.example.com https://evil.example.com").refuses(t, 403, "forbidden", "no origin")
	ts.get("/api/conversations", "Origin", "").refuses(t, 403, "forbidden", "no origin")
}

func TestATrustedProxySaysWhichSchemeAndHostAreOurs(t *testing.T) {
	t.Parallel()
	page := []string{"Origin", "https://chat.example.com", "X-Forwarded-Proto", "https"}
	for _, row := range []struct {
		what  string
		flags []string
		extra []string
		want  int
	}{
		{"a trusted proxy", []string{"--trusted-proxy", "127.0.0.1"}, []string{"Host", "chat.example.com"}, 200},
		{"a trusted proxy that changes Host", []string{"--trusted-proxy", "127.0.0.1"}, []string{"X-Forwarded-Host", "chat.example.com"}, 200},
		{"a trusted proxy of another name", []string{"--trusted-proxy", "127.0.0.1"}, []string{"X-Forwarded-Host", "evil.example.com"}, 403},
		{"anybody", nil, []string{"Host", "chat.example.com"}, 403},
		{"anybody, and the public URL says the same", []string{"--public-url", "https://chat.example.com"}, []string{"Host", "chat.example.com"}, 200},
	} {
		ts := serve(t, append([]string{"--allow-host", "chat.example.com"}, row.flags...)...)
		if a := ts.get("/api/conversations", append(row.extra, page...)...); a.status != row.want {
			t.Errorf("%s: got %d %.300s, want %d", row.what, a.status, a.body, row.want)
		}
		http11 := []string{"Origin", "http://chat.example.com", "X-Forwarded-Proto", "https", "Host", "chat.example.com"}
		if a := ts.get("/api/conversations", http11...); row.flags != nil && row.flags[0] == "--trusted-proxy" && a.status != 403 {
			t.Errorf("%s: a page by http where the proxy says https: got %d, want 403", row.what, a.status)
		}
	}
}

func TestTheDoorsStandBeforeAllButThePagesFiles(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for _, path := range []string{"/ws?name=ann", "/api/conversations", "/api/nothing", "/healthz", "/readyz", "/metrics"} {
		ts.get(path, "Host", "evil.example.com").refuses(t, 403, "forbidden", "--allow-host evil.example.com")
		ts.get(path, "Origin", "https://evil.example.com").refuses(t, 403, "forbidden", "--allow-origin https://evil.example.com")
	}
	for _, path := range []string{"/", "/c/lobby", "/nothing"} {
		want := ts.get(path).status
		for _, header := range [][]string{{"Host", "evil.example.com"}, {"Origin", "https://evil.example.com"}, {"Origin", "null"}} {
			if a := ts.get(path, header...); a.status != want || strings.Contains(a.body, "forbidden") {
				t.Errorf("GET %s with %v: got %d %.200s, want %d as without", path, header, a.status, a.body, want)
			}
		}
	}
}

func TestWhoAsksWithoutAHostGetsThePageAndTheHealthAlone(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	page := ts.get("/").status
	for path, want := range map[string]int{"/": page, "/healthz": 200, "/readyz": 200, "/api/conversations": 403, "/metrics": 403, "/ws": 403} {
		if got := ts.bare("GET " + path + " HTTP/1.0\r\n\r\n"); got.StatusCode != want {
			t.Errorf("GET %s by HTTP/1.0, without a Host: got %s, want %d", path, got.Status, want)
		}
	}
}

func TestAPlainRequestToTheWebSocketSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	key := []string{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version", "13"}
	for _, a := range []answer{
		ts.get("/ws?name=ann"),
		ts.ask(http.MethodPost, "/ws", "", "Origin", ts.url), // as the page asks what is wrong
		ts.get("/ws?name=ann", append(key, "Connection", "close")...),
	} {
		a.refuses(t, http.StatusUpgradeRequired, "bad_request", "no Upgrade")
	}
	if got := strings.Count(ts.log.String(), "docs/operating/reverse-proxy.md"); got != 1 {
		t.Errorf("the log tells of %d requests without Upgrade, want the one that asked for a WebSocket", got)
	}
	if n := ts.connections.Taken(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}
