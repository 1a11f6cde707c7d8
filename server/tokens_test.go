package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"verbatim/identity/token"
)

// secretFile writes the secret of the servers of these tests.
func secretFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("a secret of thirty-two bytes, or more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// withTokens starts a server with --auth token, and returns what makes tokens for it.
func withTokens(t testing.TB, flags ...string) (*testServer, func(user string, life time.Duration) string) {
	t.Helper()
	path := secretFile(t)
	secret, err := token.ReadSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	ts := serve(t, append([]string{"--auth", "token", "--token-secret", path}, flags...)...)
	return ts, func(user string, life time.Duration) string {
		made, err := token.SecretSigner(secret).Make(token.Claims{
			User: user, Name: "Shown " + user, Issued: time.Now(), Life: life,
			Read: []string{"*"}, Write: []string{"*"}, Create: []string{"*"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
}

// enter dials with a header and subprotocols, and returns the welcome, or how it was closed.
func (ts *testServer) enter(
	query, authorization string, protocols ...string,
) (welcome string, closed websocket.CloseError) {
	ts.t.Helper()
	header := http.Header{}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	ws, answer, err := websocket.Dial(ts.t.Context(), ts.url+"/ws"+query, &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: protocols,
	})
	if err != nil {
		ts.t.Fatalf("dial: %v", err)
	}
	defer ws.CloseNow()
	if got := answer.Header.Get("Sec-WebSocket-Protocol"); len(protocols) > 1 && got != "verbatim.v1" {
		ts.t.Errorf("the subprotocol is %q", got)
	}
	_, frame, err := ws.Read(ts.t.Context())
	if err != nil && !errors.As(err, &closed) {
		ts.t.Fatalf("it ended by %v", err)
	}
	return string(frame), closed
}

func TestATokenLetsItsUserInByEveryDoor(t *testing.T) {
	t.Parallel()
	ts, makes := withTokens(t, "--token-in-url")
	ann := makes("ann", time.Hour)
	for what, row := range map[string]struct {
		query, header string
		protocols     []string
	}{
		"a header":              {header: "Bearer " + ann},
		"with its own name":     {query: "?name=ann", header: "Bearer " + ann},
		"a subprotocol":         {protocols: []string{"verbatim.v1", "bearer." + ann}},
		"the URL":               {query: "?join=lobby&token=" + ann},
		"the URL, and its name": {query: "?token=" + ann + "&name=ann"},
	} {
		welcome, closed := ts.enter(row.query, row.header, row.protocols...)
		if !strings.Contains(welcome, `"user":"ann","name":"Shown ann"`) ||
			!strings.Contains(welcome, `","expires":"20`) ||
			!strings.Contains(welcome, `"token_grace":30`) {
			t.Errorf("%s: got %s, %v", what, welcome, closed)
		}
	}
	ts.get("/api/conversations", "Authorization", "Bearer "+ann).is(t, 200)
	ts.get("/api/conversations?token="+ann).is(t, 200)
	if said := ts.log.String(); strings.Contains(said, ann[len(ann)-20:]) {
		t.Errorf("the log has the token: %s", said)
	}
}

func TestWhoHasNoGoodCredentialIsToldNothingButThat(t *testing.T) {
	t.Parallel()
	ts, makes := withTokens(t)
	ann := makes("ann", time.Hour)
	over := changed(t, makes("ann", time.Hour))
	for what, row := range map[string]struct {
		query, header string
		protocols     []string
		reason, rule  string
	}{
		"none":         {reason: "token missing", rule: "there is none"},
		"a name alone": {query: "?name=ann", reason: "token missing", rule: "there is none"},
		"junk": {
			header: "Bearer junk.junk.junk", reason: "token refused", rule: "its header is not",
		},
		"of another server": {header: "Bearer " + forged(ann), reason: "token refused", rule: "its signature"},
		"changed":           {header: "Bearer " + over, reason: "token refused", rule: "its signature"},
		"another scheme":    {header: "Basic YTpi", reason: "token refused", rule: "Authorization"},
		"another name": {
			query: "?name=bob", header: "Bearer " + ann, reason: "token refused", rule: "?name=",
		},
		"in the URL": {query: "?token=" + ann, reason: "token refused", rule: "--token-in-url"},
		"two": {
			header: "Bearer " + ann, protocols: []string{"verbatim.v1", "bearer." + ann},
			reason: "token refused", rule: "several",
		},
		"a subprotocol of junk": {
			protocols: []string{"verbatim.v1", "bearer.junk"}, reason: "token refused", rule: "three parts",
		},
		"a subprotocol by itself": {
			protocols: []string{"bearer." + ann}, reason: "token refused", rule: "without verbatim.v1",
		},
	} {
		welcome, closed := ts.enter(row.query, row.header, row.protocols...)
		if welcome != "" || closed.Code != 4001 || closed.Reason != row.reason {
			t.Errorf("%s: got %q, %v; want 4001 %q", what, welcome, closed, row.reason)
		}
		if !ts.saysOfToken(row.rule) {
			t.Errorf("%s: no line has the rule %q", what, row.rule)
		}
	}
	said := ts.log.String()
	for _, part := range strings.Split(ann+"."+over, ".") {
		if strings.Contains(said, part[:16]) {
			t.Errorf("the log has a part of a token: %s", said)
		}
	}
	if got := ts.sessionsLive(); got != 0 {
		t.Errorf("%d sessions are left", got)
	}
}

// saysOfToken reports whether a line of the log is about a token that was refused by a rule.
func (ts *testServer) saysOfToken(rule string) bool {
	for line := range strings.Lines(ts.log.String()) {
		if strings.Contains(line, `"kind":"token: `) && strings.Contains(line, rule) {
			return true
		}
	}
	return false
}

func (ts *testServer) sessionsLive() int64 { return ts.env.Counters.Sessions.Load() }

// forged changes a token's signature.
func forged(good string) string {
	return good[:len(good)-8] + "AAAAAAAA"
}

// changed changes a token's claims, without its secret.
func changed(t *testing.T, good string) string {
	t.Helper()
	parts := strings.Split(good, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(claims), `"exp":1`, `"exp":0`, 1)
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(changed)) + "." + parts[2]
}

func TestEveryRouteOfUsersNeedsAToken(t *testing.T) {
	t.Parallel()
	ts, makes := withTokens(t)
	good := []string{"Authorization", "Bearer " + makes("ann", time.Hour)}
	ts.post("lobby", `{"text":"mine"}`, good...).is(t, 201)
	for _, route := range []struct {
		method, path string
		in           int // the status of who is let in
	}{
		{"GET", "/api/conversations", 200}, {"HEAD", "/api/conversations", 200},
		{"GET", "/api/conversations/lobby/messages", 200}, {"GET", "/api/conversations/none/messages", 404},
		{"GET", "/api/conversations/lobby/messages?after=0&wait=1", 200},
		{"POST", "/api/conversations/lobby/messages", 415}, {"GET", "/api/conversations/lobby/transcript", 200},
		{"GET", "/api/nothing", 404}, {"GET", "/api", 404}, {"DELETE", "/api/conversations", 405},
	} {
		for what, headers := range map[string][]string{
			"none": nil, "junk": {"Authorization", "Bearer junk"}, "two": append(good, good...),
			"an event stream": {"Accept", "text/event-stream"},
		} {
			a := ts.ask(route.method, route.path, "", headers...)
			if a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s with %s: got %d, %q", route.method, route.path, what, a.status, a.header)
			}
			if route.method != "HEAD" && !strings.Contains(a.body, `"code":"unauthorized","reason":"token `) {
				t.Errorf("%s %s with %s: got %s", route.method, route.path, what, a.body)
			}
		}
		if a := ts.ask(route.method, route.path, "", good...); a.status != route.in {
			t.Errorf("%s %s with a token: got %d, want %d", route.method, route.path, a.status, route.in)
		}
	}
	for path, status := range map[string]int{"/": 200, "/healthz": 200, "/readyz": 200, "/metrics": 404} {
		if a := ts.get(path); a.status != status && path != "/" || path == "/" && a.status == 401 {
			t.Errorf("%s: got %d, want %d", path, a.status, status)
		}
	}
}

func TestAPostIsFromTheUserOfItsToken(t *testing.T) {
	t.Parallel()
	ts, makes := withTokens(t)
	good := []string{"Authorization", "Bearer " + makes("ann", time.Hour)}
	ts.post("lobby", `{"text":"1"}`, good...).is(t, 201)
	ts.post("lobby", `{"from":"ann","text":"2"}`, good...).is(t, 201)
	a := ts.post("lobby", `{"from":"bob","text":"3"}`, good...)
	if a.status != 403 || !strings.Contains(a.body, "forbidden") {
		t.Errorf("from another: got %d %s", a.status, a.body)
	}
	page := ts.get("/api/conversations/lobby/messages", good...).is(t, 200).body
	if n := strings.Count(page, `"from":"ann","name":"Shown ann"`); n != 2 || strings.Contains(page, "bob") {
		t.Errorf("got %s", page)
	}
}

func TestSettingsOfTokensThatDoNotFitRefuseTheStart(t *testing.T) {
	t.Parallel()
	secret := secretFile(t)
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("too short"), 0o600); err != nil {
		t.Fatal(err)
	}
	auth := []string{"--auth", "token"}
	for want, flags := range map[string][]string{
		"needs a key":                             auth,
		"--token-secret belongs to --auth token":  {"--token-secret", secret},
		"--token-in-url belongs to --auth token":  {"--auth", "open", "--token-in-url"},
		"--token-jwks needs --token-issuer":       append(auth, "--token-jwks", "https://id.test/"),
		"--token-jwks: it must begin with https":  append(auth, "--token-jwks", "http://id.test/"),
		"--token-algorithms \"none\"":             append(auth, "--token-secret", secret, "--token-algorithms", "none"),
		"--token-algorithms has RS256,":           append(auth, "--token-secret", secret, "--token-algorithms=RS256"),
		"--token-secret: " + short + " has 9":     append(auth, "--token-secret", short),
		"--token-key: " + secret + " has no":      append(auth, "--token-key", secret),
		"--token-secret: open /missing":           append(auth, "--token-secret", "/missing"),
		"--token-leeway is 1h0m0s":                append(auth, "--token-secret", secret, "--token-leeway", "1h"),
		"--token-stale is 1s":                     append(auth, "--token-secret", secret, "--token-stale", "1s"),
		"no such method: give --auth open or --a": {"--auth", "accounts"},
	} {
		cfg := defaults(t, append([]string{"--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, flags...)...)
		err := cfg.Check()
		if err == nil {
			s := &Server{cfg: cfg}
			err = s.openTokens(context.Background())
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got %v, want %q", flags, err, want)
		}
	}
}
