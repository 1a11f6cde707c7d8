package server

import (
	"net/url"
	"strings"
	"testing"
)

func TestBelowThePublicPathAllIsServedAsAtTheRoot(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--public-url", "https://example.com/team/chat")
	ts.says("lobby", "ann", "hi")
	for _, root := range []string{"", "/team/chat"} {
		ts.get(root+"/healthz").is(t, 200).has(t, "alive")
		ts.get(root+"/api/conversations").is(t, 200).has(t, `"lobby"`)
		ts.get(root+"/api/conversations/lobby/messages").is(t, 200).has(t, `"hi"`)
		ts.get(root+"/ws").refuses(t, 426, "bad_request", "Upgrade")
		ts.get(root+"/api/conversations", "Origin", "https://example.com").is(t, 200)
		ts.get(root+"/api/conversations", "Origin", "https://evil.example").refuses(t, 403, "forbidden", "--allow-origin")
		if a, want := ts.get(root+"/c/lobby"), ts.get("/c/lobby"); a.status != want.status || a.body != want.body {
			t.Errorf("%s/c/lobby is not what /c/lobby is: %d %.100s", root, a.status, a.body)
		}
	}
	for _, path := range []string{"/team/healthz", "/team/chatter/healthz", "/team/chat/team/chat/healthz", "/other/healthz"} {
		if a := ts.get(path); a.status != 404 && a.status != 503 { // 503: the page is not built
			t.Errorf("GET %s: got %d, want nothing there", path, a.status)
		}
	}
	if got := ts.log.String(); !strings.Contains(got, `"public_url":"https://example.com/team/chat/"`) {
		t.Errorf("the start does not say where people reach it: %s", got)
	}
}

func TestThePublicPathWithoutItsSlashLeadsThere(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--public-url", "https://example.com/team/chat/")
	for path, want := range map[string]string{"/team/chat": "./chat/", "/team/chat?a=b": "./chat/?a=b"} {
		a := ts.bare("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if got := a.Header.Get("Location"); a.StatusCode != 308 || got != want {
			t.Errorf("GET %s: got %s to %q, want 308 to %q, relative so that it holds behind any proxy", path, a.Status, got, want)
		}
	}
}

func TestNoRedirectLeavesThePath(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--public-url", "https://example.com/chat/")
	for _, prefix := range []string{"", "/chat"} { // a proxy takes the path away, or leaves it there
		for path, want := range map[string]string{
			"//": "/", "//metrics": "/metrics", "//c/lobby": "/c/lobby", "/c//lobby": "/c/lobby", "//c///lobby//": "/c/lobby/",
			"//api/conversations?limit=1": "/api/conversations?limit=1", "//a:b": "/a:b", "//c/a%2F%2Fb": "/c/a%2F%2Fb",
			"///ws": "/ws",
		} {
			asked, err := url.Parse("https://example.com/chat" + path) // what the browser has
			if err != nil {
				t.Fatal(err)
			}
			for _, host := range []string{"localhost", "example.com"} { // what the proxy says
				a := ts.bare("GET " + prefix + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
				location := a.Header.Get("Location")
				to, err := asked.Parse(location)
				if a.StatusCode != 307 || err != nil || to.String() != "https://example.com/chat"+want {
					t.Errorf("GET %s%s of %s: got %s to %v, %v, want /chat%s", prefix, path, host, a.Status, to, err, want)
				}
				if (host == "example.com") != strings.HasPrefix(location, "/chat/") {
					t.Errorf("GET %s%s of %s: got %q, want it from the root only where that is known",
						prefix, path, host, location)
				}
			}
		}
		for _, path := range []string{"/api", "/c/../metrics", "/./healthz", "//..//metrics"} {
			a := ts.bare("GET " + prefix + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
			if to := a.Header.Get("Location"); a.StatusCode != 404 || to != "" {
				t.Errorf("GET %s%s: got %s to %q, want 404", prefix, path, a.Status, to)
			}
		}
		ts.get(prefix+"/api").refuses(t, 404, "not_found", "/api/conversations")
		ts.get(prefix+"/api", "Host", "evil.example").refuses(t, 403, "forbidden", "--allow-host")
	}
}

func TestThePublicPathIsKnownInEveryEscape(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--public-url", "https://example.com/chät/(a)/")
	for _, root := range []string{"/ch%C3%A4t/(a)", "/ch%c3%a4t/(a)", "/ch%C3%A4t/%28a%29", "/%63h%c3%a4t/%28a)"} {
		ts.get(root+"/healthz").is(t, 200).has(t, "alive")
		ts.get(root+"/%68ealthz").is(t, 200).has(t, "alive")
		ts.get(root+"/api/conversations/a%2Fb/messages").refuses(t, 400, "invalid_conversation", "a/b")
	}
}
