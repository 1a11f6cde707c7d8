package server

import (
	"net/http"
	"net/netip"

	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/listen"
	"verbatim/server/respond"
)

// ownMetrics answers GET /metrics on the main address, for programs on this machine. A proxy that does not say for whom
// it asks looks like such a program: docs/operating/monitoring.md says what to do.
type ownMetrics struct {
	handler http.Handler
	visit   func(*http.Request) access.Visit
	served  bool // the main address is loopback, and there is no --admin-listen
}

func (m *ownMetrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !m.served || listen.BeyondLoopback(r) || !m.fromHere(r) {
		respond.Refuse(w, http.StatusNotFound, protocol.Errorf(protocol.CodeNotFound,
			"/metrics is for this machine only: start the server with --admin-listen to have it elsewhere"))
		return
	}
	m.handler.ServeHTTP(w, r)
}

// fromHere reports whether a request was sent on this machine, to this machine, and was not forwarded.
func (m *ownMetrics) fromHere(r *http.Request) bool {
	v := m.visit(r)
	if v.Forwarded || !v.Addr.IsLoopback() {
		return false
	}
	name := access.HostName(r.Host)
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && addr.IsLoopback()
}
