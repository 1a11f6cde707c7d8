package server

import (
	"net/http"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

// refusal is why the doors do not let a request in, and what would let it in.
type refusal struct {
	err    *protocol.Error // for the client
	kind   string          // a few constants: each has lines of its own in the log
	header string          // the one that is refused
	value  string          // as it came
	flags  string          // what to start the server with, or ""
}

// note is what the log says of a refusal at the door.
func (no *refusal) note(r *http.Request, v visit) note {
	n := note{
		kind: "door: " + no.kind, level: zerolog.WarnLevel, words: "refused at the door: " + no.err.Reason,
		header: no.header, value: no.value, method: r.Method, path: r.URL.Path, code: no.err.Code, flag: no.flags,
	}
	n.from, n.via = sender(r, v)
	return n
}

// bounded is a stranger's text as it may stand in the log: not long, and with nothing in it that acts on a terminal.
func bounded(text string) string { return legible(text, 200) }

// legible is a text of so many bytes at most.
func legible(text string, most int) string {
	cut := text
	if len(cut) > most {
		cut = cut[:most]
	}
	clean := make([]byte, 0, len(cut)+len("…"))
	for i := range len(cut) {
		if c := cut[i]; c < 0x20 || c >= 0x7f {
			clean = append(clean, '?')
		} else {
			clean = append(clean, c)
		}
	}
	if len(cut) < len(text) {
		clean = append(clean, "…"...)
	}
	return string(clean)
}
