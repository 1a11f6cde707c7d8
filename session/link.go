package session

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"verbatim/permissions"
	"verbatim/protocol"
)

// link is one session's connection and its end. The reader, the writer and the fetches share it; its methods may be
// called from any goroutine.
type link struct {
	// Fixed after newLink.
	env  *Env
	conn *Conn
	id   uuid.UUID
	user protocol.UserID
	ctx  context.Context // ends when a drain tells the session to leave
	dead chan struct{}   // closed by fail: the connection is gone

	life *life // of the credential by which the session lives; nil: there is none

	// Set by who tells it to leave.
	depart context.CancelFunc // ends ctx
	bye    *farewell          // written before ctx ends, and read after

	failOnce sync.Once
	failure  error // why the connection is gone; written before dead is closed

	work work
}

// begin fills a link in. Its ctx is of the background, which keeps no list of its children: ten thousand of them cost
// what they are. The caller calls depart at the end.
func (l *link) begin(c *Conn, env *Env, user protocol.UserID) {
	l.env = env
	l.conn = c
	l.id = uuid.New()
	l.user = user
	l.dead = make(chan struct{})
	l.ctx, l.depart = context.WithCancel(context.Background())
}

// fail closes the connection at once. err is why; the first call counts.
func (l *link) fail(err error) {
	l.failOnce.Do(func() {
		l.failure = err
		close(l.dead)
		_ = l.conn.wire.Conn.Close() // nobody is left to tell
	})
}

// gone reports whether the connection is closed.
func (l *link) gone() bool {
	select {
	case <-l.dead:
		return true
	default:
		return false
	}
}

// over reports whether the session is to end.
func (l *link) over() bool {
	select {
	case <-l.dead:
		return true
	case <-l.ctx.Done():
		return true
	default:
		return false
	}
}

// sleep waits, but not beyond the session's end.
func (l *link) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.dead:
	case <-l.ctx.Done():
	}
}

// dismiss implements leaver: what the session's reader waits for ends.
func (l *link) dismiss(bye *farewell) {
	if l.ctx.Err() != nil {
		return
	}
	l.bye = bye
	l.depart()
	_ = l.conn.wire.SetReadDeadline(time.Unix(1, 0)) // an error means that the connection is gone
}

// of implements leaver.
func (l *link) of() protocol.UserID { return l.user }

// farewell is how a session closes that was told to leave.
func (l *link) farewell() (protocol.CloseCode, string, error) { return l.bye.code, l.bye.text(), nil }

// tellRefusal says that a request was refused. cause is why it could not be served, or nil.
func (l *link) tellRefusal(id protocol.ConversationID, err *protocol.Error, cause error) {
	l.tell(Refusal{Conversation: id, Err: err, Cause: cause})
}

// tellUnread says that entries of a conversation could not be read. Nothing is refused, and it is tried again.
func (l *link) tellUnread(id protocol.ConversationID, err error) {
	l.tell(Refusal{Conversation: id, Cause: err})
}

func (l *link) tell(no Refusal) {
	no.Session = l.id.String()
	no.User = l.user
	no.From = l.conn.From
	no.Via = l.conn.Via
	l.env.tell(no)
}

// work is the goroutines that a session has started: its writer and its fetches. Safe for concurrent use.
type work struct {
	// mu guards ended. It is the innermost lock: a wake takes it under outbound.mu (cursor.Wake), and nothing is locked
	// under it.
	mu      sync.Mutex
	ended   bool // nothing may be started any more
	running sync.WaitGroup
}

// start runs f in a goroutine, unless the work has ended. f calls running.Done at its end.
func (w *work) start(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.running.Add(1)
	go f() // the session's own; its callers say what it waits for and when it ends; end waits for it
}

// end waits until what was started is gone. From here on nothing is started.
func (w *work) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.running.Wait()
}

// may reports whether the session's user may do this in the conversation.
func (l *link) may(v permissions.Verb, id protocol.ConversationID) bool {
	return l.env.Policy == nil || l.env.Policy.May(l.life.subject.Load(), v, id)
}
