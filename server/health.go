package server

import (
	"io"
	"net/http"
)

// health answers for the server's health.
type health struct {
	draining func() bool
	ready    func() error // why nothing can be recorded, or nil
}

// alive answers GET /healthz: the process serves.
func (h *health) alive(w http.ResponseWriter, _ *http.Request) { writeWord(w, http.StatusOK, "alive") }

// readiness answers GET /readyz: whether the server takes traffic. The answer is one word. Strangers need not know why
// it does not; the log says it.
func (h *health) readiness(w http.ResponseWriter, _ *http.Request) {
	switch {
	case h.draining():
		notReady(w, "draining")
	case h.ready() != nil:
		notReady(w, "unavailable")
	default:
		writeWord(w, http.StatusOK, "ready")
	}
}

func notReady(w http.ResponseWriter, word string) {
	w.Header().Set("Retry-After", "1") // second: a disk may recover, or the next server may start
	writeWord(w, http.StatusServiceUnavailable, word)
}

func writeWord(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, word+"\n") // a failed write means that the client is gone
}
