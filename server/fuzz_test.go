package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzHTTP: whatever request net/http reads, the handlers answer it, with JSON where it is the API's, and never by
// falling over.
func FuzzHTTP(f *testing.F) {
	const post = "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
	for _, seed := range []string{
		"GET /api/conversations?prefix=l&after=a&limit=2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/conversations/lobby/messages?after=0&before=9&limit=5&wait=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/conversations/lobby/messages?after=0 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: 1\r\n\r\n",
		"GET /api/conversations?sort=-time&after=1.2.lobby HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/conversations/lobby/transcript?format=md HTTP/1.1\r\nHost: localhost\r\n\r\n",
		post + "43\r\nIdempotency-Key: \"k\"\r\n\r\n{\"from\":\"bot\",\"text\":\"hi\",\"meta\":{\"a\":[1]}}",
		"GET /ws?name=ann&join=lobby HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br\r\nIf-None-Match: *\r\n\r\n",
		"HEAD /readyz HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	ts := serve(f)
	ts.says("lobby", "ann", "one", "two")
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return // net/http answers that
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // for ?wait=
		defer cancel()
		w := httptest.NewRecorder()
		ts.http.Handler.ServeHTTP(w, r.WithContext(ctx))
		api := strings.HasPrefix(r.URL.Path, "/api/conversations") && r.Method != http.MethodHead
		switch {
		case w.Code >= 500 && w.Code != http.StatusServiceUnavailable && w.Code != http.StatusNotImplemented:
			t.Errorf("%q: got %d %s", raw, w.Code, w.Body)
		case api && w.Code >= 400:
			var e struct{ Error struct{ Code, Reason string } }
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error.Code == "" || e.Error.Reason == "" {
				t.Errorf("%q: got %d %.300s, want an error with code and reason: %v", raw, w.Code, w.Body, err)
			}
		case api && strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()):
			t.Errorf("%q: got %d %.300s, which is no JSON", raw, w.Code, w.Body)
		}
	})
}
