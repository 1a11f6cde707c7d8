package e2e

import (
	"context"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

func TestAStrangeHostOrOriginGets403OnEveryDoor(t *testing.T) {
	t.Parallel()
	s := serve(t, "--allow-host", "chat.example", "--allow-origin", "https://app.example")
	port := s.addr[strings.LastIndex(s.addr, ":"):]
	for what, row := range map[string]struct {
		host, origin string
		allowed      bool
	}{
		"its own address":                     {"", "", true},
		"localhost":                           {"localhost" + port, "", true},
		"an IP address":                       {"192.0.2.1" + port, "", true},
		"an IPv6 address":                     {"[::1]" + port, "", true},
		"an --allow-host":                     {"chat.example", "", true},
		"an --allow-host with a port":         {"chat.example:8080", "", true},
		"another name (DNS rebinding)":        {"evil.example" + port, "", false},
		"a name that ends like one":           {"evil-chat.example", "", false},
		"a name that begins like one":         {"chat.example.evil.example", "", false},
		"localhost.evil":                      {"localhost.evil.example", "", false},
		"its own origin":                      {"", "http://" + s.addr, true},
		"its own origin by localhost":         {"localhost" + port, "http://localhost" + port, true},
		"an --allow-origin":                   {"", "https://app.example", true},
		"another origin":                      {"", "https://evil.example", false},
		"null, a sandboxed page":              {"", "null", false},
		"another port":                        {"", "http://127.0.0.1:1", false},
		"an --allow-origin on another scheme": {"", "http://app.example", false},
		"a strange host as own origin":        {"evil.example" + port, "http://evil.example" + port, false},
		"a good host, a strange origin":       {"chat.example", "https://evil.example", false},
	} {
		t.Run(what, func(t *testing.T) {
			var headers []string
			header := http.Header{}
			if row.host != "" {
				headers = append(headers, "Host", row.host)
			}
			if row.origin != "" {
				headers = append(headers, "Origin", row.origin)
				header.Set("Origin", row.origin)
			}
			status := 200
			if !row.allowed {
				status = 403
			}
			if a := s.get(t, "/api/conversations", headers...); a.status != status {
				t.Errorf("GET: got %d, want %d", a.status, status)
			}
			if a := s.post(t, "lobby", `{"from":"ann","text":"hi"}`, headers...); (a.status == 403) == row.allowed {
				t.Errorf("POST: got %d, allowed: %v", a.status, row.allowed)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			conn, resp, err := websocket.Dial(ctx, "ws://"+s.addr+"/ws?name=ann", &websocket.DialOptions{
				HTTPClient: httpClient, Host: row.host, HTTPHeader: header,
			})
			if err == nil {
				conn.CloseNow()
			}
			if (err == nil) != row.allowed || resp == nil || (!row.allowed && resp.StatusCode != 403) {
				t.Errorf("WebSocket: got %v, %v; allowed: %v", resp, err, row.allowed)
			}
		})
	}
}

func TestTheRootIsThePageOrSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	s := serve(t)
	a := s.get(t, "/")
	if _, err := os.Stat("../web/dist/index.html"); err != nil {
		if !strings.Contains(a.body, "make build") {
			t.Errorf("the page is not built: got %d %.300s, want a word of make build", a.status, a.body)
		}
		return
	}
	if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") ||
		!strings.Contains(a.body, "<script") {
		t.Errorf("got %d %s %.300s, want the page", a.status, a.header.Get("Content-Type"), a.body)
	}
}

func TestTheServerSaysThatItIsAliveReadyAndWhatItCounts(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.join("lobby")
		ann.send("lobby", "", "hi")
		s.get(t, "/healthz").is(t, 200)
		s.get(t, "/readyz").is(t, 200)
		a := s.get(t, "/metrics").is(t, 200)
		if !strings.Contains(a.body, "# TYPE ") || !strings.Contains(a.body, "verbatim_") {
			t.Errorf("metrics: got %.500s, want Prometheus's format, and names of the program's own", a.body)
		}
	})
}

func TestADrainingServerIsNotReadyOrNotThere(t *testing.T) {
	t.Parallel()
	s := serve(t)
	// A session that does not take its close keeps the drain going for a moment.
	held := s.dial(t, "ann")
	release := held.hold()
	defer release()
	s.signal(syscall.SIGTERM)
	eventually(t, "readyz says no, or nobody answers", func() bool {
		resp, err := httpClient.Get("http://" + s.addr + "/readyz")
		if err != nil {
			return true
		}
		resp.Body.Close()
		return resp.StatusCode == 503
	})
	if code := s.exit(); code != 0 { // though it is held: --drain-timeout ends it
		t.Errorf("exit %d, want 0", code)
	}
}
