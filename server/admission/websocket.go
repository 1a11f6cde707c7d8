package admission

import (
	"net/http"

	"github.com/rs/zerolog"
	"golang.org/x/net/http/httpguts"

	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/respond"
	"verbatim/session"
)

// ServeHTTP answers GET /ws. It hands the connection to a goroutine of its own and returns, so that net/http frees what
// it kept for the request.
func (a *Admission) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.Draining() {
		a.Respond.Fail(w, r, protocol.Unavailable("the server is draining: connect again", respond.RetryDelay()))
		return
	}
	if missing := missingForUpgrade(r); missing != "" {
		a.askForUpgrade(w, r, missing)
		return
	}
	d := a.decide(r)
	if d.free == nil {
		if d.token != nil {
			a.noteToken(r, d.token, 0)
		}
		a.Metrics.Refused.WithLabelValues("overfull").Inc()
		a.noteRefused(r, "overfull", nil)
		respond.Noted(w)
		w.Header().Set("Connection", "close") // others need it more
		a.Respond.Fail(w, r, protocol.Unavailable("the server is refusing too many connections to say why it "+
			"refuses this one: "+
			"try again later", respond.RetryDelay()))
		return
	}
	conn, err := session.Upgrade(w, r)
	if err != nil { // Upgrade has answered
		a.noteNoUpgrade(r, err)
		d.free()
		return
	}
	if d.refused != "" {
		a.Metrics.Refused.WithLabelValues(d.refused).Inc()
		if d.token != nil {
			a.noteToken(r, d.token, closeCode(d.token))
		} else {
			a.noteRefused(r, d.refused, d.told)
		}
	}
	conn.From, conn.Via = a.Visit(r).Sender(r)
	// The goroutine is owned by a.Sessions, for which the drain waits. It waits for the client, and ends when the
	// client is gone or the drain has told it to leave; that of a refusal ends within 5 s.
	started := a.Sessions.Start(func() {
		defer d.free()
		d.serve(conn)
	})
	if !started {
		conn.Refuse(nil, protocol.CloseGoingAway, protocol.RetryReason("the server is draining", respond.RetryDelay()))
		d.free()
	}
}

// missingForUpgrade names what a request lacks to become a WebSocket, which proxies that do not know WebSockets remove;
// "" if nothing is missing.
func missingForUpgrade(r *http.Request) string {
	switch {
	case !r.ProtoAtLeast(1, 1):
		return "Upgrade by HTTP/1.1"
	case !httpguts.HeaderValuesContainsToken(r.Header["Upgrade"], "websocket"):
		return "Upgrade"
	case !httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade"):
		return "Connection"
	}
	return ""
}

// askForUpgrade answers a plain request to /ws. The page sends one to learn why it gets no WebSocket.
func (a *Admission) askForUpgrade(w http.ResponseWriter, r *http.Request, missing string) {
	problem := protocol.Errorf(protocol.CodeBadRequest,
		"here is a WebSocket, and the request has no %s for one: use a WebSocket client, and let a proxy in "+
			"front pass "+
			"Upgrade and Connection on, by HTTP/1.1 (docs/operating/reverse-proxy.md)", missing)
	if r.Header.Get("Sec-WebSocket-Key") != "" { // the client sent the header, and something in between removed it
		n := logging.Note{
			Kind: "connection: no upgrade", Level: zerolog.WarnLevel,
			Words:  "a connection was refused: " + problem.Reason,
			Header: missing, Value: r.Proto + " " + r.Header.Get(missing), Method: r.Method, Path: r.URL.Path,
			Code: problem.Code,
		}
		n.From, n.Via = a.Visit(r).Sender(r)
		a.Notes.Add(n)
	}
	respond.Noted(w) // a plain request is no refusal
	// The header is meant for the next hop. nginx passes it on to clients that speak HTTP/2, some of which (curl,
	// Safari) take that for a broken answer, and then the page could not learn what is wrong. The page asks by POST.
	if r.Method != http.MethodPost && !a.Visit(r).Forwarded {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
	}
	respond.Refuse(w, http.StatusUpgradeRequired, problem)
}
