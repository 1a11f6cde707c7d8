package server

import "github.com/rs/zerolog"

const moreFiles = "raise the limit of open files (ulimit -n)"

// gateWords is what the log says of each reason for which the gate closes a connection, and what can be done.
var gateWords = map[string]struct{ words, do string }{
	"handshake": {
		"a connection was closed before its request was whole: there are too many such, here or of its address",
		"where honest clients are cut off, raise --max-handshakes (an address has a 32nd of it), " +
			"or tell the server of the proxy at that address: docs/operating/reverse-proxy.md",
	},
	"idle": {
		"a connection that had no request was closed, since there are too many such",
		"nothing: clients connect again; --max-handshakes says how many may be idle",
	},
	"files": {"a connection was closed to make room for another", moreFiles},
}

// tell notes that the gate closes a connection.
func (g *gate) tell(why string, a *arrival) {
	said := gateWords[why]
	n := note{kind: "gate: " + why, level: zerolog.WarnLevel, words: said.words, do: said.do}
	n.from, n.via = a.who()
	g.notes.add(n)
}

// tlsHandshake is the first byte of TLS (RFC 8446, 5.1); no request of HTTP begins so.
const tlsHandshake = 0x16

// tellUnfinished notes a connection that ends though its request never came whole, so that no handler knows of it.
// answer is what net/http has answered by itself, or "".
func (g *gate) tellUnfinished(a *arrival, answer string) {
	g.refused.WithLabelValues("request").Inc()
	n := note{
		kind: "gate: request", level: zerolog.WarnLevel,
		words: "a connection ended before a whole request had come: its client left, or took over 10 s",
		do:    "nothing, where clients are on bad networks or somebody looks for open ports",
	}
	if answer != "" {
		n.words = "a connection was closed: what came was no HTTP that can be served, or was not whole after 10 s " +
			"or when its client left, and was answered with " + answer
		n.do = "mend the program at that address, or what stands between: a header has at most 64 kB; " +
			"nothing, where somebody only looks for open ports"
	}
	n.from, n.via = a.who()
	if a.secret.Load() {
		n.kind, n.words = "gate: TLS", "somebody spoke TLS to an address that is plain HTTP"
		n.do = "ask for http://, or put a proxy with a certificate in front: docs/operating/reverse-proxy.md"
	}
	g.notes.add(n)
}

// tellStalled notes that an answer was broken off, since the client took nothing of it. Of a session its room tells.
func (g *gate) tellStalled(a *arrival) {
	g.mu.Lock()
	answering := a.state == fresh || a.state == asked
	g.mu.Unlock()
	if !answering {
		return
	}
	n := note{
		kind: "http: stalled", level: zerolog.WarnLevel,
		words: "an answer was broken off: its reader did not take a part of it within --write-timeout", do: slowNetwork,
	}
	n.from, n.via = a.who()
	g.notes.add(n)
}
