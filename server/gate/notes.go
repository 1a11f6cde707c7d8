package gate

import (
	"github.com/rs/zerolog"

	"verbatim/server/logging"
	"verbatim/server/respond"
)

const raiseFiles = "raise the limit of open files (ulimit -n)"

// closedWords is what the log says of each reason for which the gate closes a connection, and what can be done.
var closedWords = map[string]struct{ words, do string }{
	"handshake": {
		"a connection was closed before its request was complete: there are too many such, in all or of its address",
		"if honest clients are cut off, raise --max-handshakes (an address has a 32nd of it), " +
			"or tell the server of the proxy at that address: docs/operating/reverse-proxy.md",
	},
	"idle": {
		"a connection that had no request was closed, since there are too many such",
		"nothing: clients connect again; --max-handshakes says how many may be idle",
	},
	"files": {"a connection was closed to make room for another", raiseFiles},
}

// noteClosed notes that the gate closes a connection.
func (g *Gate) noteClosed(reason string, a *arrival) {
	said := closedWords[reason]
	n := logging.Note{Kind: "gate: " + reason, Level: zerolog.WarnLevel, Words: said.words, Do: said.do}
	n.From, n.Via = a.sender()
	g.o.Notes.Add(n)
}

// tlsHandshake is the first byte of TLS (RFC 8446, 5.1). No HTTP request begins with it.
const tlsHandshake = 0x16

// noteUnfinished notes that a connection ends before its request was complete, so that no handler knows of it. answer
// is what net/http has answered by itself, or "".
func (g *Gate) noteUnfinished(a *arrival, answer string) {
	g.o.Refused.WithLabelValues("request").Inc()
	n := logging.Note{
		Kind: "gate: request", Level: zerolog.WarnLevel,
		Words: "a connection ended before a whole request had come: its client left, or took over 10 s",
		Do:    "nothing, if clients are on bad networks or somebody looks for open ports",
	}
	if answer != "" {
		n.Words = "a connection was closed: what came was no HTTP that can be served, or was not complete after 10 s " +
			"or when its client left, and was answered with " + answer
		n.Do = "mend the program at that address, or the proxy in between: a header has at most 64 kB; " +
			"nothing, if somebody only looks for open ports"
	}
	n.From, n.Via = a.sender()
	if a.tls.Load() {
		n.Kind, n.Words = "gate: TLS", "somebody spoke TLS to an address that is plain HTTP"
		n.Do = "ask for http://, or put a proxy with a certificate in front: docs/operating/reverse-proxy.md"
	}
	g.o.Notes.Add(n)
}

// noteStalled notes that an answer was broken off because the client took nothing of it. A session's end is noted by
// its own package.
func (g *Gate) noteStalled(a *arrival) {
	g.mu.Lock()
	http := a.state == handshaking || a.state == answering
	g.mu.Unlock()
	if !http {
		return
	}
	n := logging.Note{
		Kind: "http: stalled", Level: zerolog.WarnLevel,
		Words: "an answer was broken off: its reader did not take a part of it within --write-timeout",
		Do:    respond.SlowNetwork,
	}
	n.From, n.Via = a.sender()
	g.o.Notes.Add(n)
}
