package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

// refusal is why the doors do not let a request in, and what would let it in.
type refusal struct {
	err    *protocol.Error // for the client
	kind   string          // a few constants: each has a line of its own in the log
	header string          // the one that is refused
	value  string          // as it came
	flags  string          // what to start the server with, or ""
}

// refusals writes to the log what is refused, one line of each kind in a while: strangers must not fill the log, and a
// proxy that is set up wrongly must be seen in it. Safe for concurrent use.
type refusals struct {
	log zerolog.Logger   // fixed
	now func() time.Time // fixed

	mu    sync.Mutex
	kinds map[string]*told // guarded by mu; as many as there are kinds
}

// told is what the log knows of a kind.
type told struct {
	at       time.Time // of its last line
	unlogged int       // how many were refused since
}

// logEvery is the time between two lines of one kind.
const logEvery = 10 * time.Second

func newRefusals(log zerolog.Logger) *refusals {
	return &refusals{log: log, now: time.Now, kinds: make(map[string]*told)}
}

// due reports whether a refusal of a kind is to be logged now, and how many before it were not.
func (l *refusals) due(kind string) (unlogged int, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	t := l.kinds[kind]
	if t == nil {
		t = &told{}
		l.kinds[kind] = t
	}
	if !t.at.IsZero() && now.Sub(t.at) < logEvery {
		t.unlogged++
		return 0, false
	}
	unlogged = t.unlogged
	t.at, t.unlogged = now, 0
	return unlogged, true
}

// note logs a refusal where one of its kind is due.
func (l *refusals) note(r *http.Request, no *refusal) {
	unlogged, due := l.due(no.kind)
	if !due {
		return
	}
	e := l.log.Warn().Str("header", no.header).Str("value", bounded(no.value)).
		Str("path", bounded(r.URL.Path)).Str("from", r.RemoteAddr)
	if no.flags != "" {
		e = e.Str("flag", no.flags)
	}
	if unlogged > 0 {
		e = e.Int("unlogged", unlogged)
	}
	e.Msg("refused at the door: " + no.err.Reason)
}

// bounded is a stranger's text as it may stand in the log: not long, and with nothing in it that acts on a terminal.
func bounded(text string) string {
	const most = 200 // bytes
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
