package admission

import (
	"net/http"

	"github.com/rs/zerolog"

	"verbatim/identity"
	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/metrics"
	"verbatim/server/respond"
)

// refusedWords is what the log says of connections that become no session, and what can be done.
var refusedWords = map[string]struct{ words, do string }{
	"name": {"a connection was refused", respond.FixClient},
	"crowded": {
		"a connection was refused: too many are open, here or of its address",
		"raise --max-connections, or --max-connections-per-ip if that is set; " +
			"if a proxy is at that address, tell the server so: docs/operating/reverse-proxy.md",
	},
	"overfull": {
		"a connection was refused, and not told why: too many are being told that already",
		"look at the lines about refused connections before this one",
	},
}

// noteNoUpgrade notes a malformed request for a WebSocket, which session.Upgrade has answered.
func (a *Admission) noteNoUpgrade(r *http.Request, err error) {
	n := logging.Note{
		Kind: "connection: upgrade", Level: zerolog.WarnLevel, Err: err, Do: respond.FixClient,
		Words: "a connection was refused: its request for a WebSocket is not well formed",
	}
	n.From, n.Via = a.Visit(r).Sender(r)
	a.Notes.Add(n)
}

// noteToken notes a connection that is refused for its token. code is 0 if there was not even a slot to tell it so.
func (a *Admission) noteToken(r *http.Request, refusal *identity.Refusal, code protocol.CloseCode) {
	n := a.Auth.Note("a connection was refused: ", r, refusal)
	n.Code, n.Closed = "", code
	if code != 0 {
		a.Metrics.CountClose(metrics.ReasonRefused, code)
	}
	a.Notes.Add(n)
}

// noteRefused notes that a connection becomes no session. err is what its client is told, or nil.
func (a *Admission) noteRefused(r *http.Request, reason string, err *protocol.Error) {
	said := refusedWords[reason]
	n := logging.Note{Kind: "connection: " + reason, Level: zerolog.WarnLevel, Words: said.words, Do: said.do}
	n.Path = r.URL.Path
	if err != nil {
		n.Words, n.Code = n.Words+": "+err.ReasonForLog(), err.Code
		a.Metrics.Errors.WithLabelValues("websocket", string(err.Code)).Inc()
	}
	switch reason {
	case "name":
		n.Closed = protocol.ClosePolicy
		a.Metrics.CountClose(metrics.ReasonName, n.Closed)
	case "crowded":
		n.Closed = protocol.CloseTryAgain
		a.Metrics.CountClose(metrics.ReasonCrowded, n.Closed)
	}
	n.From, n.Via = a.Visit(r).Sender(r)
	a.Notes.Add(n)
}
