// Package session serves one connection: it reads requests, and writes replies and the entries of the conversations
// that were joined, each from its cursor, at the client's own pace.
//
// # How it keeps its promises
//
// A join is a cursor on a log. What is new is found in the conversation's ring; what is older is fetched from the
// history or the record by a goroutine of its own, so that neither reading nor writing ever waits for a disk or for
// Redis. Replies and entries gather while a write is under way and go out in one call. Nothing is queued for a client:
// one that is slow has a cursor that is far back.
//
// # Concurrency
//
// A session is a reader (Run's own goroutine), which waits for the client and for room in a queue, and a writer, which
// exists only while there is something to write and waits for the client's socket. Neither waits for the other. An idle
// session is one goroutine in a read.
package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	// maxReplies bounds the replies that nobody takes: above it the session stops reading.
	maxReplies = 64 << 10
	// maxInFlight bounds a session's sends that are on their way to the record, in bytes of Send.Size.
	maxInFlight = 1 << 20
	// maxBad is how many bad requests a minute are borne.
	maxBad = 100
	// closeWithin bounds how long a close takes, and repliesWithin how long the replies that are due before it may.
	closeWithin   = 5 * time.Second
	repliesWithin = 4 * time.Second
	// maxBlocks bounds the blocks that a session's cursors have fetched, or are fetching, whatever it has joined.
	maxBlocks = 4
)

// Env is what all sessions of a server share. It is fixed before the first Run.
type Env struct {
	Store    *persistence.Store
	Hub      *hub.Hub
	Limits   *protocol.Limits
	Version  string
	Log      zerolog.Logger
	Counters *Counters
	Latency  func(seconds float64) // publish to deliver, of a sample of the writes; nil: not measured

	// Ended and Refused hear of ends and of refused requests, from any goroutine. They must not wait. nil: nobody does.
	Ended   func(End)
	Refused func(Refusal)

	reading readers
}

// Counters are counted up by sessions and read by anybody.
type Counters struct {
	Sessions    atomic.Int64 // that are live now
	Streams     atomic.Int64 // of events, that are live now
	Messages    atomic.Int64 // sends that were read
	Deliveries  atomic.Int64 // entries that were written to sockets
	BytesOut    atomic.Int64
	BadRequests atomic.Int64
	Blocked     atomic.Int64 // times that a session stopped reading for want of room
}

// Session is one live connection of one user.
type Session struct {
	// Fixed after newSession.
	env  *Env
	conn *Conn
	id   uuid.UUID
	user protocol.UserID
	ctx  context.Context // ends when a drain tells the session to leave
	dead chan struct{}   // closed by fail: the connection is gone

	// Set by the drain.
	depart context.CancelFunc // ends ctx
	retry  time.Duration      // when the client should come back; written before ctx ends, and read after

	// Owned by the reader.
	joins   map[protocol.ConversationID]*cursor
	limiter *rate.Limiter      // nil: no limit
	bad     []time.Time        // when bad requests came, within a minute
	cause   error              // why the request that is being refused could not be served
	theirs  protocol.CloseCode // of the client's close frame; 0: none came
	said    error              // the client's close frame, in words

	// Guarded by mu, which nobody holds while waiting for anything.
	mu        sync.Mutex
	replies   []byte        // frames that are due, in order
	pong      []byte        // the answer to the newest ping (RFC 6455, 5.5.3: older ones need none)
	pingDue   bool          // a ping of ours is to go out
	closing   []byte        // the close frame
	closed    chan struct{} // made by finish: only replies go out any more, then the close frame, then it is closed
	closeNow  bool          // the close frame goes out though sends are on their way
	closeSent bool          // nothing goes out any more
	room      chan struct{} // closed when replies were taken or sends settled; nil: nobody waits
	inFlight  int           // bytes of sends on their way
	turns     []*cursor     // cursors with something to write, in turn
	oneTurn   [1]*cursor    // where turns is while one conversation has something: so that a wake allocates nothing
	blocks    int           // fetched and not written to their end, or being fetched
	starved   []*cursor     // cursors that wait for one of maxBlocks

	// Waking: from any goroutine.
	woken   atomic.Pointer[cursor] // a stack of cursors that hub has woken
	pending atomic.Int32           // wakes since the writer last looked; above 0: it runs

	life    sync.Mutex // guards ended
	ended   bool       // no writer or fetch may be started any more
	working sync.WaitGroup
	writer  func() // write and what comes after it: made once, so that starting it allocates nothing

	failOnce sync.Once
	failure  error // why the connection is gone; written before dead is closed

	alive keepAlive

	// Owned by the writer.
	sample uint8         // counts batches, for Latency
	resync []*hub.Member // whose ephemeral state must be asked for anew
}

// Run serves a connection until the client is gone, a limit is broken, or Env.Drain tells it to leave: what is in flight
// is acknowledged, and the client told to come back. Where ctx ends, all leave at once; all sessions of an Env have the
// same ctx. joins are the conversations of the URL. The cause is the error; nil is a client that closed. All that Run has
// started is gone when it returns, within about 5 s of the end.
func Run(ctx context.Context, c *Conn, env *Env, user protocol.UserID, joins []string) error {
	s := &Session{
		env: env, conn: c, id: uuid.New(), user: user,
		dead: make(chan struct{}), joins: make(map[protocol.ConversationID]*cursor),
	}
	// Of the background, which keeps no list of its children: ten thousand of them cost what they are.
	s.ctx, s.depart = context.WithCancel(context.Background())
	defer s.depart()
	if n := env.Limits.Rate; n > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(n), 2*n)
	}
	s.writer = func() {
		defer s.working.Done()
		s.write()
	}
	c.wire.control = s.control
	env.Counters.Sessions.Add(1)
	defer env.Counters.Sessions.Add(-1)
	s.alive.start(s)
	env.reading.add(ctx, s)
	welcome := protocol.Welcome{Session: s.id.String(), User: user, Version: env.Version, Now: protocol.TimeOf(time.Now()), Limits: env.Limits}
	reply(s, welcome)
	for _, id := range joins {
		if s.joinByURL(id); s.over() || len(s.bad) > maxBad {
			break
		}
		s.waitForRoom()
	}
	code, reason, err := s.read()
	env.reading.remove(s) // so that a drain does not cut the linger short
	s.alive.stop()
	s.finish(code, reason)
	s.end()
	s.tellEnd(code, err)
	return err
}

// end lets go of everything. From here on nothing is started, and what was started is waited for.
func (s *Session) end() {
	s.fail(nil)
	for _, c := range s.joins {
		s.env.Hub.Leave(&c.member)
	}
	s.life.Lock()
	s.ended = true
	s.life.Unlock()
	s.working.Wait()
	_ = s.conn.ws.CloseNow() // lets go of the library's part; the connection is closed
	s.conn.wire.letGo()
}

// start runs work that the session owns, unless it has ended. The work calls working.Done at its end.
func (s *Session) start(work func()) {
	s.life.Lock()
	defer s.life.Unlock()
	if s.ended {
		return
	}
	s.working.Add(1)
	go work() // see the callers for what it waits for; end waits for it
}

// fail closes the connection at once.
func (s *Session) fail(err error) {
	s.failOnce.Do(func() {
		s.failure = err
		close(s.dead)
		_ = s.conn.wire.Conn.Close() // nobody is left to tell
	})
}

// reply queues a frame for the client, in order with all other replies. It may be called from any goroutine.
func reply[R protocol.Reply](s *Session, r R) {
	s.mu.Lock()
	s.replies = protocol.FrameTo(s.replies, r)
	s.mu.Unlock()
	s.wake()
}

// control takes a control frame from the library: the answer to a ping, or a close.
func (s *Session) control(frame []byte) {
	const closes, pongs = 0x88, 0x8a
	s.mu.Lock()
	switch frame[0] {
	case pongs:
		s.pong = append(s.pong[:0], frame...)
	case closes:
		if s.closing == nil {
			s.closing = append([]byte(nil), frame...)
		}
	}
	s.mu.Unlock()
	s.wake()
}

// finish sends the replies that are due and the close frame after them, within closeWithin. code 0: the client is gone
// or has closed, in which case the answer to its close is what goes out.
func (s *Session) finish(code protocol.CloseCode, reason string) {
	until := time.Now().Add(closeWithin)
	s.mu.Lock()
	if s.closing == nil && code != 0 {
		s.closing = closeFrame(code, reason)
	}
	if s.closing == nil {
		s.mu.Unlock()
		return
	}
	out := make(chan struct{})
	s.closed = out
	s.mu.Unlock()
	s.wake()
	if !s.awaitClose(out, repliesWithin) {
		s.mu.Lock()
		s.closeNow = true
		s.mu.Unlock()
		s.wake()
		s.awaitClose(out, time.Until(until))
	}
	select {
	case <-out:
		s.conn.wire.linger(until)
	default:
	}
}

// awaitClose waits for the close frame to be out, or for the connection to be gone, and says whether either came in time.
func (s *Session) awaitClose(out <-chan struct{}, d time.Duration) bool {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	select {
	case <-out:
	case <-s.dead:
	case <-timeout.C:
		return false
	}
	return true
}
