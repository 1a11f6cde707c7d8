package logging

import (
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

// Notes is a rate-limited log of what strangers and clients do wrong: requests that are refused, and connections that
// end in an unusual way. Of each kind it writes the first note at once, and then the newest one every NoteEvery, with
// the number of notes that got no line. So every event has a line that tells of it, and nobody can fill the disk. Safe
// for concurrent use.
type Notes struct {
	log zerolog.Logger // fixed

	mu    sync.Mutex
	kinds map[string]*kind // guarded by mu; as many as there are kinds of notes
	left  int64            // guarded by mu; notes that got no line, of all kinds
}

// Note is one entry of Notes. Fields that are empty are left out of the line.
type Note struct {
	Kind  string // one of a few constants; each kind is limited by itself
	Level zerolog.Level
	Words string // what the server did, and why
	Do    string // what the operator may do; "": nothing, or Words says it

	From, Via string        // the client; the proxy that speaks for it, or ""
	Code      protocol.Code // of an error
	Closed    protocol.CloseCode
	Session   string
	User      protocol.UserID
	Err       error

	Method, Path, Conversation string
	Header, Value, Flag        string // of a request that the origin policy refused
}

// kind is the state of one kind of notes.
type kind struct {
	at     time.Time   // of its last line
	newest Note        // of those that got no line since
	others int         // how many got none
	timer  *time.Timer // writes the newest; nil: there is none to write
}

// NoteEvery is the time between two lines of one kind.
const NoteEvery = 10 * time.Second

// NewNotes returns Notes that write to log.
func NewNotes(log zerolog.Logger) *Notes { return &Notes{log: log, kinds: make(map[string]*kind)} }

// Add takes a note. It does not wait.
func (l *Notes) Add(n Note) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kinds[n.Kind]
	if k == nil {
		k = &kind{}
		l.kinds[n.Kind] = k
	}
	now := time.Now()
	if wait := k.at.Add(NoteEvery).Sub(now); !k.at.IsZero() && wait > 0 {
		k.newest = n
		k.others++
		if k.timer == nil {
			k.timer = time.AfterFunc(wait, func() { l.late(k) })
		}
		return
	}
	if k.timer != nil {
		k.timer.Stop() // this note is newer
	}
	others := k.others
	l.left += int64(others)
	*k = kind{at: now}
	l.write(&n, others)
}

// late writes the newest note since a kind's last line. It runs in a timer's goroutine, which ends with it.
func (l *Notes) late(k *kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(k.at) >= NoteEvery { // else Add wrote a line in the meantime, and another timer runs
		l.catchUp(k)
	}
}

// catchUp is called with mu held.
func (l *Notes) catchUp(k *kind) {
	if k.others == 0 {
		return
	}
	l.left += int64(k.others - 1)
	l.write(&k.newest, k.others-1)
	*k = kind{at: time.Now()}
}

// Flush writes the notes that still wait. The server calls it when it ends.
func (l *Notes) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.kinds {
		if k.timer != nil {
			k.timer.Stop()
		}
		l.catchUp(k)
	}
}

// Unlogged returns how many notes got no line.
func (l *Notes) Unlogged() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = l.left
	for _, k := range l.kinds {
		n += int64(k.others)
	}
	return n
}

// write writes a line. It is called with mu held, so that the lines of a kind are in order; the log's queue makes
// nobody wait.
func (l *Notes) write(n *Note, unlogged int) {
	e := l.log.WithLevel(n.Level).Str("kind", n.Kind)
	for _, field := range [...]struct{ name, value string }{
		{"header", n.Header}, {"value", n.Value}, {"method", n.Method}, {"path", n.Path},
		{"conversation", n.Conversation}, {"code", string(n.Code)}, {"session", n.Session},
		{"from", n.From}, {"via", n.Via}, {"flag", n.Flag},
	} {
		if field.value != "" {
			e = e.Str(field.name, Bounded(field.value))
		}
	}
	if n.User != "" {
		e = e.Str("user", string(n.User)) // a name has no character that acts on a terminal
	}
	if n.Closed != 0 {
		e = e.Int("closed", int(n.Closed))
	}
	if n.Err != nil {
		e = e.Str("error", Bounded(n.Err.Error()))
	}
	if n.Do != "" {
		e = e.Str("do", n.Do)
	}
	if unlogged > 0 {
		e = e.Int("unlogged", unlogged)
	}
	e.Msg(Legible(n.Words, 500)) // it may quote what a client sent
}
