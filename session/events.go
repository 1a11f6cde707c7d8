package session

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"verbatim/hub"
	"verbatim/identity"
	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/wake"
)

const (
	// heartbeat is how long a stream of events is silent before a comment: proxies close what is silent for a minute.
	heartbeat = 15 * time.Second
	// lookEvery is how often a stream looks whether it is silent, and whether its client is still there.
	lookEvery = 5 * time.Second
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
	over := &expiry{whose: s, place: -1}
	if e.Identity != nil {
		s.user = e.Identity.Subject.User
		env.live(over, e.Identity)
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
	env.expiries.remove(over)
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

// serve writes events until the connection is gone, which is an error, or until a drain tells it to leave.
func (s *stream) serve(e *Events) error {
	s.tookAt = time.Now()
	// A crash must not bring all back at once.
	if err := s.send(appendRetry(e.Head, time.Second+rand.N(4*time.Second)), 0); err != nil {
		return err
	}
	// Read after the hub knows the member: what is above this tail wakes it.
	tail, err := s.env.Store.Tail(e.Conversation)
	for err != nil {
		s.tellUnread(err)
		if err := s.rest(fetchRetry); err != nil || s.over() {
			return cmp.Or(err, s.end())
		}
		tail, err = s.env.Store.Tail(e.Conversation)
	}
	s.begin(e, tail)
	if err := s.send(s.opening(e, tail), 0); err != nil {
		return err
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for last := tail.Last; ; {
		s.member.Awake()
		last = max(last, s.member.Last())
		if err := s.catchUp(last); err != nil {
			return err
		}
		select {
		case <-s.woken:
		case <-look.C:
			if err := s.look(); err != nil {
				return err
			}
		case <-s.dead:
			return s.failure
		case <-s.ctx.Done():
			return nil
		}
	}
}

// begin puts the cursor where the stream begins.
func (s *stream) begin(e *Events, tail persistence.Tail) {
	s.log, s.at = tail.Log, protocol.Seq(e.After.Value)
	if !e.After.Set {
		s.at = tail.Last - min(tail.Last, protocol.Seq(e.Limit))
	}
}

// opening returns what comes before the first entry: whether the client knew another record, and which record this is.
// None of it changes the last event's id, but for the reset, which clears it.
func (s *stream) opening(e *Events, tail persistence.Tail) []byte {
	var out []byte
	if e.Reset {
		out = append(out, "id:\nevent: reset\ndata: "...)
		out = append(protocol.Failure{Conversation: e.Conversation, Err: protocol.Reset()}.AppendJSON(out), "\n\n"...)
	}
	out = append(out, "event: record\ndata: "...)
	out = protocol.Record{
		Conversation: e.Conversation, Log: tail.Log, First: s.at + 1, Last: tail.Last, Sum: tail.Sum,
	}.AppendJSON(out)
	return append(out, "\n\n"...)
}

func appendRetry(dst []byte, after time.Duration) []byte {
	return append(strconv.AppendInt(append(dst, "retry: "...), after.Milliseconds(), 10), "\n\n"...)
}

// send writes what there is in one call where the socket takes it.
func (s *stream) send(out []byte, entries int64) error {
	if len(out) == 0 {
		return nil
	}
	if err := s.conn.wire.send(out, s.env.Limits.WriteTimeout); err != nil {
		return err
	}
	s.wrote = time.Now()
	s.env.Counters.Deliveries.Add(entries)
	s.env.Counters.BytesOut.Add(int64(len(out)))
	return nil
}

// look ends a stream whose peer has taken none of what it owes for the write timeout, and breaks a silence with a
// comment. A comment has no answer as a ping has. What TCP acknowledges is all that is known of a client that vanished,
// also while there is something to write, since that fits into the kernel's buffer for long.
func (s *stream) look() error {
	switch acked, owed := s.progress(); {
	case owed == 0 || acked != s.acked:
		s.acked, s.tookAt = acked, time.Now()
	case time.Since(s.tookAt) >= s.env.Limits.WriteTimeout:
		return errStalled
	}
	if time.Since(s.wrote) < heartbeat {
		return nil
	}
	return s.send([]byte(":\n\n"), 0)
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

func (s *stream) over() bool {
	select {
	case <-s.dead:
		return true
	case <-s.ctx.Done():
		return true
	default:
		return false
	}
}

// rest waits, but not beyond the stream's end.
func (s *stream) rest(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return s.look()
	case <-s.dead:
	case <-s.ctx.Done():
	}
	return nil
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
	end := End{Session: s.id.String(), From: s.conn.From, Via: s.conn.Via, Why: WhyLost, Err: s.failure}
	switch {
	case s.ctx.Err() != nil && s.bye.code == protocol.CloseToken:
		end.Why = WhyToken
	case s.ctx.Err() != nil:
		end.Why = WhyDrain
	case errors.Is(s.failure, errStalled):
		end.Why = WhyStalled
	case errors.Is(s.failure, errClientGone):
		end.Why = WhyClient
	}
	s.env.Ended(end)
}
