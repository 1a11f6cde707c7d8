package session

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"verbatim/hub"
	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/wake"
)

// Events is what a stream of server-sent events begins with.
type Events struct {
	Head         []byte // the answer's status and header, as they go out
	Conversation protocol.ConversationID
	After        protocol.Number // the entries after it; not set: the newest Limit
	Limit        int
	Reset        bool               // the client knows another record of the conversation, and is told so first
	Identity     *identity.Identity // by which credential; nil: by none
}

// stream serves one conversation's entries as server-sent events (WHATWG HTML, 9.2) over what was a plain HTTP request.
// Like a session it is a cursor on the log: nothing is queued for it, and it is fed from ring, history and record at
// its own pace.
type stream struct {
	// Fixed after RunEvents has made it.
	env    *Env
	conn   *Conn
	id     uuid.UUID
	user   protocol.UserID // "": nobody was asked
	ctx    context.Context // ends when a drain tells it to leave
	dead   chan struct{}   // closed by fail: the connection is gone
	member hub.Member
	woken  wake.Signal

	progress func() (acked uint64, owed uint32) // of the peer's TCP
	subject  *permissions.Subject               // who asked; nil without an identity

	life expiry // of the credential by which it was asked for

	// Set by who tells it to leave, before ctx ends.
	depart context.CancelFunc
	bye    *farewell

	failOnce sync.Once
	failure  error // why the connection is gone; written before dead is closed

	// Owned by the stream's goroutine.
	at     protocol.Seq // written up to here
	log    protocol.LogID
	block  *persistence.Entries // what was read back and is not written to its end
	acked  uint64               // tcp bytes that the peer had acknowledged at the last look
	tookAt time.Time            // when it was seen to take some last, or to owe none
	wrote  time.Time            // when something was written last
}

// TakeOver takes an HTTP request's connection from net/http, to answer it by hand.
func TakeOver(w http.ResponseWriter) (*Conn, error) {
	c, _, err := http.NewResponseController(w).Hijack() // what the client sends after its request means nothing
	if err != nil {
		return nil, err
	}
	return &Conn{wire: newWire(c)}, nil
}

// Close closes a connection that was taken over and is not served.
func (c *Conn) Close() { _ = c.wire.Conn.Close() }

// RunEvents serves a stream of events on a connection that was taken over, until the client is gone, takes nothing for
// the write timeout, or is told to leave as sessions are (Run). What it has started is gone when it returns.
func RunEvents(ctx context.Context, c *Conn, env *Env, e Events) {
	s := &stream{
		env: env, conn: c, id: uuid.New(), dead: make(chan struct{}), woken: wake.New(),
		progress: c.wire.progress,
	}
	s.ctx, s.depart = context.WithCancel(context.Background())
	defer s.depart()
	env.Counters.Streams.Add(1)
	defer env.Counters.Streams.Add(-1)
	env.reading.add(ctx, s)
	if e.Identity != nil {
		s.user = e.Identity.Subject.User
		s.subject = e.Identity.Subject
		env.live(s, e.Identity)
	}
	listened := make(chan struct{})
	go func() { // RunEvents' own: waits for the client to close; ends with the connection
		defer close(listened)
		s.listen()
	}()
	s.member = hub.Member{Kind: hub.Waiting, Waker: s.woken}
	env.Hub.Join(&s.member, e.Conversation)
	err := s.serve(&e)
	env.Hub.Leave(&s.member)
	env.expiries.remove(s)
	env.reading.remove(s)
	if err == nil {
		s.leave(listened)
	}
	s.fail(err)
	<-listened
	s.tellEnd()
}

// dismiss implements leaver: the client gets what is on its way, and closeWithin for that.
func (s *stream) dismiss(bye *farewell) {
	if s.ctx.Err() != nil {
		return
	}
	s.bye = bye
	s.depart()
	time.AfterFunc(closeWithin, func() { s.fail(nil) }) // where it has ended by then, nothing is done
}

// of implements leaver.
func (s *stream) of() protocol.UserID { return s.user }

// expiry implements mortal.
func (s *stream) expiry() *expiry { return &s.life }

// listen notices that the client is gone. What it says means nothing.
func (s *stream) listen() {
	var scrap [512]byte
	for {
		if _, err := s.conn.wire.Conn.Read(scrap[:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = errClientGone
			}
			s.fail(err)
			return
		}
	}
}

var errClientGone = errors.New("the client has closed")

// fail closes the connection at once.
func (s *stream) fail(err error) {
	s.failOnce.Do(func() {
		s.failure = err
		close(s.dead)
		_ = s.conn.wire.Conn.Close() // nobody is left to tell
	})
}

// leave says when to come back, and that nothing more comes.
func (s *stream) leave(listened <-chan struct{}) {
	if after := s.bye.retry(); after > 0 && s.send(appendRetry(nil, after), 0) != nil {
		return
	}
	if half, ok := s.conn.wire.Conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	select {
	case <-listened: // the client has read to the end, and closed
	case <-s.dead:
	}
}

// end is how a stream ends that is over before it has begun.
func (s *stream) end() error {
	select {
	case <-s.dead:
		return s.failure
	default:
		return nil
	}
}

func (s *stream) tellUnread(err error) {
	no := Refusal{
		Session: s.id.String(), From: s.conn.From, Via: s.conn.Via, Conversation: s.member.Conversation.ID, Cause: err,
	}
	s.env.tell(no)
}

func (s *stream) tellEnd() {
	if s.env.Ended == nil {
		return
	}
	end := End{Session: s.id.String(), From: s.conn.From, Via: s.conn.Via, Reason: ReasonLost, Err: s.failure}
	switch {
	case s.ctx.Err() != nil && s.bye.code == protocol.CloseToken:
		end.Reason = ReasonToken
	case s.ctx.Err() != nil && s.bye.code == protocol.CloseForbidden:
		end.Reason = ReasonForbidden
	case s.ctx.Err() != nil:
		end.Reason = ReasonDrain
	case errors.Is(s.failure, errStalled):
		end.Reason = ReasonStalled
	case errors.Is(s.failure, errClientGone):
		end.Reason = ReasonClient
	}
	s.env.Ended(end)
}
