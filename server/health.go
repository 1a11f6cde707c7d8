package server

import (
	"io"
	"net/http"
)

// health answers GET /healthz: the process serves.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	say(w, http.StatusOK, "alive")
}

// ready answers GET /readyz: whether traffic should come here. It is one word: why it does not, strangers need not know,
// and the log says.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining() {
		notReady(w, "draining")
		return
	}
	if err := s.store.Ready(); err != nil {
		notReady(w, "unavailable")
		return
	}
	say(w, http.StatusOK, "ready")
}

func notReady(w http.ResponseWriter, word string) {
	w.Header().Set("Retry-After", "1") // second: as soon as the disk is well or another server stands here, it is ready
	say(w, http.StatusServiceUnavailable, word)
}

func say(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, words+"\n") // a failed write means that the client is gone
}
