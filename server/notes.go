package server

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

// notes writes to the log what strangers and clients do that is not as it should be: what is refused, and what ends
// oddly. Of each kind there is one line at once and then one in a while, the newest, with how many others there were:
// so that whoever looks finds a line for anything, and nobody can fill the disk with them. Safe for concurrent use.
type notes struct {
	log zerolog.Logger // fixed

	mu    sync.Mutex
	kinds map[string]*told // guarded by mu; as many as there are kinds
	left  int64            // guarded by mu; notes that got no line, of all kinds
}

// note is one of these.
type note struct {
	kind  string // a few constants: each has lines of its own
	level zerolog.Level
	words string // what was done about it, and why
	do    string // what the operator may do; "": nothing, or words has it

	from, via string        // the client; the proxy that speaks for it, or ""
	code      protocol.Code // of an error
	closed    protocol.CloseCode
	session   string
	user      protocol.UserID
	err       error

	method, path, conversation string
	header, value, flag        string // of a request that the doors refused
}

// told is what the log knows of a kind.
type told struct {
	at     time.Time   // of its last line
	newest note        // of those that got no line since
	others int         // how many got none
	timer  *time.Timer // writes the newest; nil: none has to be written
}

// noteEvery is the time between two lines of one kind.
const noteEvery = 10 * time.Second

func newNotes(log zerolog.Logger) *notes { return &notes{log: log, kinds: make(map[string]*told)} }

// add takes a note. It waits for nobody.
func (l *notes) add(n note) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.kinds[n.kind]
	if t == nil {
		t = &told{}
		l.kinds[n.kind] = t
	}
	now := time.Now()
	if wait := t.at.Add(noteEvery).Sub(now); !t.at.IsZero() && wait > 0 {
		t.newest = n
		t.others++
		if t.timer == nil {
			t.timer = time.AfterFunc(wait, func() { l.late(t) })
		}
		return
	}
	if t.timer != nil {
		t.timer.Stop() // this one is newer
	}
	others := t.others
	l.left += int64(others)
	*t = told{at: now}
	l.write(&n, others)
}

// late writes the newest of those that came since a kind's last line. It runs in a timer's goroutine.
func (l *notes) late(t *told) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(t.at) >= noteEvery { // else a line was written meanwhile, and another timer runs
		l.catchUp(t)
	}
}

// catchUp is called with mu held.
func (l *notes) catchUp(t *told) {
	if t.others == 0 {
		return
	}
	l.left += int64(t.others - 1)
	l.write(&t.newest, t.others-1)
	*t = told{at: time.Now()}
}

// flush writes at once what waits for its time: the server ends.
func (l *notes) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.kinds {
		if t.timer != nil {
			t.timer.Stop()
		}
		l.catchUp(t)
	}
}

// unlogged returns how many notes have got no line.
func (l *notes) unlogged() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = l.left
	for _, t := range l.kinds {
		n += int64(t.others)
	}
	return n
}

// write writes a line. It is called with mu held, so that lines of a kind stand in order: the log's queue lets nobody
// wait.
func (l *notes) write(n *note, unlogged int) {
	e := l.log.WithLevel(n.level).Str("kind", n.kind)
	for _, field := range [...]struct{ name, value string }{
		{"header", n.header}, {"value", n.value}, {"method", n.method}, {"path", n.path},
		{"conversation", n.conversation}, {"code", string(n.code)}, {"session", n.session}, {"from", n.from}, {"via", n.via}, {"flag", n.flag},
	} {
		if field.value != "" {
			e = e.Str(field.name, bounded(field.value))
		}
	}
	if n.user != "" {
		e = e.Str("user", string(n.user)) // a name has no character that acts on a terminal
	}
	if n.closed != 0 {
		e = e.Int("closed", int(n.closed))
	}
	if n.err != nil {
		e = e.Str("error", bounded(n.err.Error()))
	}
	if n.do != "" {
		e = e.Str("do", n.do)
	}
	if unlogged > 0 {
		e = e.Int("unlogged", unlogged)
	}
	e.Msg(legible(n.words, 500)) // it may quote what a client said
}

// sender returns who sent a request, and the proxy that speaks for them, or "".
func sender(r *http.Request, v visit) (from, via string) {
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && plain(at.Addr()) == v.addr || !v.addr.IsValid() {
		return r.RemoteAddr, ""
	}
	return v.addr.String(), r.RemoteAddr
}
