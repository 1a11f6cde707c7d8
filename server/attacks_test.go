package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/net/http/httpguts"

	"verbatim/identity/token/tokentest"
)

// TestEveryAttackIsRefusedAtEveryDoor tries the table of attacks over WebSocket and HTTP, with each algorithm, with
// keys of files and with those of a set.
func TestEveryAttackIsRefusedAtEveryDoor(t *testing.T) {
	t.Parallel()
	for _, p := range tokentest.Parties() {
		t.Run(p.Algorithm+" of a file", func(t *testing.T) {
			flag := "--token-key"
			if p.Secret() {
				flag = "--token-secret"
			}
			ts := serve(t, "--auth", "token", "--token-in-url", "--log-level", "debug", flag, p.WriteKey(t), "--rules", everybody(t))
			attackAll(ts, tokentest.Attack{Party: p})
		})
		if p.Secret() {
			continue
		}
		t.Run(p.Algorithm+" of a set", func(t *testing.T) {
			issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(tokentest.Set(p.JWK(map[string]any{"kid": "k1"})))
			}))
			defer issuer.Close()
			ts := serve(t, "--auth", "token", "--token-in-url", "--log-level", "debug", "--token-jwks", issuer.URL,
				"--token-issuer", "https://id.test", "--token-audience", "chat", "--rules", everybody(t))
			attackAll(ts, tokentest.Attack{Party: p, KID: "k1", Parties: tokentest.Configured})
		})
	}
}

// attackAll tries all attacks. Those that turn on seconds are tried where time stands still (identity/token).
func attackAll(ts *testServer, as tokentest.Attack) {
	ts.t.Helper()
	var came atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	defer trap.Close()
	tried := 0
	for _, row := range tokentest.Attacks {
		if strings.Contains(row.What, "9 s") || strings.Contains(row.What, "11 s") {
			continue
		}
		tried++
		a := as
		a.Now, a.JKU = time.Now(), trap.URL
		credential := row.Try(&a)
		ts.attack(row, &a, "?token="+url.QueryEscape(credential), nil)
		header := "Bearer " + credential
		if httpguts.ValidHeaderFieldValue(header) && credential != "" && strings.TrimSpace(credential) == credential {
			ts.attack(row, &a, "", http.Header{"Authorization": {header}})
		}
		if rule := row.Rule(&a); rule != "" && !ts.saysOfToken(rule) {
			ts.t.Errorf("%s: no line of the log has the rule %q", row.What, rule)
		}
		for _, part := range strings.Split(credential, ".")[1:] {
			if len(part) > 40 && strings.Contains(ts.log.String(), part[20:36]) {
				ts.t.Errorf("%s: the log has a part of the token", row.What)
			}
		}
	}
	if tried < 100 {
		ts.t.Errorf("%d attacks were tried", tried)
	}
	if came.Load() != 0 {
		ts.t.Errorf("%d requests came to the address that tokens named", came.Load())
	}
	until(ts.t, "no session is left", func() bool { return ts.sessionsLive() == 0 && ts.refusals.Taken() == 0 })
}

// attack tries a row over WebSocket and HTTP.
func (ts *testServer) attack(row tokentest.Row, a *tokentest.Attack, query string, header http.Header) {
	ts.t.Helper()
	want := row.Public(a)
	var headers []string
	for name, values := range header {
		headers = append(headers, name, values[0])
	}
	got := ts.get("/api/conversations"+query, headers...)
	if want == "" && got.status != 200 ||
		want != "" && (got.status != 401 || !strings.Contains(got.body, `"`+want+`"`)) {
		ts.t.Errorf("%s over HTTP: got %d %s, want %q", row.What, got.status, got.body, want)
	}
	// Not too many may be told at the same time that they are refused.
	until(ts.t, "the last one is gone", func() bool { return ts.refusals.Taken() < 8 })
	ws, _, err := websocket.Dial(ts.t.Context(), ts.url+"/ws"+query, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		ts.t.Errorf("%s over WebSocket: %v", row.What, err)
		return
	}
	defer ws.CloseNow()
	_, frame, err := ws.Read(ts.t.Context())
	var closed websocket.CloseError
	switch errors.As(err, &closed); {
	case want == "" && !strings.Contains(string(frame), `"user":"ann"`):
		ts.t.Errorf("%s over WebSocket: got %s, %v, want a welcome", row.What, frame, err)
	case want != "" && (frame != nil || closed.Code != 4001 || closed.Reason != want):
		ts.t.Errorf("%s over WebSocket: got %s, %v, want 4001 %q", row.What, frame, err, want)
	}
}
