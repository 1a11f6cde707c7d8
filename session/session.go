// Package session serves one connection: it reads requests, and writes replies and the entries of the conversations
// that were joined, each from its cursor, at the client's own pace.
//
// # How it keeps its promises
//
// A join is a cursor on a log. What is new is found in the conversation's ring; what is older is fetched from the
// history or the record by a goroutine of its own, so that neither reading nor writing ever waits for a disk or for
// Redis. Replies and entries gather while a write is under way and go out in one call. Nothing is queued for a client:
// a slow client's cursor is far back.
//
// # Concurrency
//
// A session is a reader (Run's own goroutine) and a writer. The reader waits for the client and for room in a queue.
// The writer exists only while there is something to write, and waits for the client's socket. Neither waits for the
// other. An idle session is one goroutine in a read.
//
// # Locks
//
// They are taken in this order: keepAlive.mu, outbound.mu, work.mu. Nobody holds one while waiting for anything.
package session

import (
	"slices"
	"time"

	"golang.org/x/time/rate"

	"verbatim/protocol"
)

// maxBad is how many bad requests a minute a session may make.
const maxBad = 100

// session is one live connection of one user: the reader's side of it. Only Run's goroutine uses what is not said to be
// shared.
type session struct {
	link            // the connection and its end; shared
	out   outbound  // what goes to the client; shared
	alive keepAlive // shared
	joins map[protocol.ConversationID]*cursor

	// Limits.
	limiter *rate.Limiter // of sends and typing; nil: there is none
	bad     *[]time.Time  // when bad requests came, within a minute; nil: none ever did

	// cause is why the request that is being refused could not be served, or which rule refused its token; nil:
	// neither.
	cause error

	shown string // what to show for the user, if a token says so; "": nothing else

	// How the client closed.
	theirs protocol.CloseCode // of its close frame; 0: none came
	said   error              // the close frame, in words
}

// refuse answers a request that failed, and counts it if it was the client's own fault.
func (s *session) refuse(r *protocol.Request, err *protocol.Error) {
	switch err.Code {
	case protocol.CodeBadRequest, protocol.CodeUnknownType, protocol.CodeInvalidConversation, protocol.CodeTooLarge:
		s.env.Counters.BadRequests.Add(1)
		now := time.Now()
		if s.bad == nil {
			s.bad = new([]time.Time)
		}
		*s.bad = append(slices.DeleteFunc(*s.bad, func(t time.Time) bool { return now.Sub(t) > time.Minute }), now)
	}

	s.tellRefusal(r.Conversation, err, s.cause)
	s.cause = nil
	reply(&s.out, protocol.Failure{Ref: r.Ref, ID: r.ID, Conversation: r.Conversation, Err: err})
}

// tooManyBad reports whether the client has made more bad requests in a minute than it may.
func (s *session) tooManyBad() bool { return s.bad != nil && len(*s.bad) > maxBad }

// unavailable is the one place where an error that is not the client's becomes one for it. refuse, which comes next,
// tells the operator.
func (s *session) unavailable(err error) *protocol.Error {
	if s.ctx.Err() != nil {
		return s.bye.refusal()
	}
	s.cause = err
	return protocol.Unavailable("the record cannot be reached at the moment: try again", time.Second)
}

// waitForRoom waits while the client does not take its replies, or too much of it is on its way to the record.
// Meanwhile nothing is read, so TCP slows the client down.
func (s *session) waitForRoom() {
	for {
		room := s.out.waitForRoom()
		if room == nil {
			return
		}

		s.env.Counters.Blocked.Add(1)
		s.alive.pause()
		select {
		case <-room:
		case <-s.dead:
		case <-s.ctx.Done():
		}
		s.alive.resume(&s.link)
		if s.over() {
			return
		}
	}
}

// keepRate makes the reader wait if the session is above its rate.
func (s *session) keepRate() {
	if s.limiter == nil {
		return
	}
	if d := s.limiter.Reserve().Delay(); d > 0 {
		s.slowDown(d)
	}
}

// slowDown makes the reader wait for the session's rate. The keep-alive's clock stops meanwhile.
func (s *session) slowDown(d time.Duration) {
	s.alive.pause()
	defer s.alive.resume(&s.link)
	s.sleep(d)
}
