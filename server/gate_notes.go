package server

import "github.com/rs/zerolog"

const moreFiles = "raise the limit of open files (ulimit -n)"

// gateWords is what the log says of each reason for which the gate closes a connection, and what can be done.
var gateWords = map[string]struct{ words, do string }{
	"handshake": {
		"a connection was closed before its request was whole: there are too many such, here or of its address",
		"where honest clients are cut off, raise --max-handshakes (an address has a 32nd of it), " +
			"or tell the server of the proxy at that address: docs/behind-a-proxy.md",
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
// net/http has answered what is no HTTP by itself.
func (g *gate) tellUnfinished(a *arrival) {
	g.refused.WithLabelValues("request").Inc()
	n := note{
		kind: "gate: request", level: zerolog.WarnLevel,
		words: "a connection ended before a whole request had come: it was no HTTP, " +
			"its header was over 64 kB or took over 10 s, or its client left",
		do: "nothing, where clients are on bad networks or somebody looks for open ports",
	}
	n.from, n.via = a.who()
	if a.secret.Load() {
		n.kind, n.words = "gate: TLS", "somebody spoke TLS to an address that is plain HTTP"
		n.do = "ask for http://, or put a proxy with a certificate in front: docs/behind-a-proxy.md"
	}
	g.notes.add(n)
}
