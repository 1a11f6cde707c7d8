package session

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"verbatim/identity"
	"verbatim/protocol"
)

// User is whose session it is.
type User struct {
	ID       protocol.UserID
	Identity *identity.Identity // by which credential; nil: by none
}

// Run serves a connection until the client is gone, a limit is broken, or Env.Drain tells it to leave. In a drain, what
// is in flight is acknowledged, and the client is told to come back. If ctx ends, all leave at once; all sessions of an
// Env have the same ctx. joins are the conversations of the URL. The error is why it ended; nil: the client closed. All
// goroutines that Run has started are gone when it returns, within about 5 s of the end.
func Run(ctx context.Context, c *Conn, env *Env, user User, joins []string) error {
	s := &session{joins: make(map[protocol.ConversationID]*cursor)}
	s.link.begin(c, env, user.ID)
	defer s.depart()
	if n := env.Limits.Rate; n > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(n), 2*n)
	}
	s.out.begin(&s.link)
	env.Counters.Sessions.Add(1)
	defer env.Counters.Sessions.Add(-1)
	s.alive.start(&s.out)
	env.reading.add(ctx, &s.link)

	if user.Identity != nil {
		s.lives(user.Identity)
	}
	s.greet(user, joins)
	code, reason, err := s.read()
	if s.life != nil {
		env.expiries.remove(&s.link)
	}
	env.reading.remove(&s.link) // so that a drain does not cut the linger short
	s.alive.stop()
	s.out.finish(code, reason)
	s.end()
	s.tellEnd(code, err)
	return err
}

// greet sends `welcome` and makes the joins of the URL.
func (s *session) greet(user User, joins []string) {
	welcome := protocol.Welcome{
		Session: s.id.String(), User: s.user, Version: s.env.Version,
		Now: protocol.TimeOf(time.Now()), Limits: s.env.Limits,
	}
	if who := user.Identity; who != nil {
		welcome.Name = who.Name
		if !who.Expires.IsZero() {
			welcome.Expires = protocol.TimeOf(who.Expires)
		}
	}
	reply(&s.out, welcome)
	for _, id := range joins {
		if s.joinByURL(id); s.over() || s.tooManyBad() {
			return
		}
		s.waitForRoom()
	}
}

// end frees everything. From here on nothing is started, and what was started is waited for.
func (s *session) end() {
	s.fail(nil)
	for _, c := range s.joins {
		s.env.Hub.Leave(&c.member)
	}
	s.work.end()
	_ = s.conn.ws.CloseNow() // frees the library's part; the connection is closed
	s.conn.wire.letGo()
}

// closeReasons are the reasons of the codes that the server closes with.
var closeReasons = map[protocol.CloseCode]Reason{
	protocol.CloseGoingAway: ReasonDrain, protocol.CloseProtocol: ReasonProtocol,
	protocol.CloseUnsupported: ReasonBinary, protocol.CloseInvalidData: ReasonUTF8,
	protocol.CloseTooBig: ReasonFrame, protocol.ClosePolicy: ReasonBadRequests,
	protocol.CloseToken: ReasonToken, protocol.CloseForbidden: ReasonToken,
}

// tellEnd says how the session ended. code is that of the server's own close frame, or 0.
func (s *session) tellEnd(code protocol.CloseCode, err error) {
	if s.env.Ended == nil {
		return
	}

	end := End{Session: s.id.String(), User: s.user, From: s.conn.From, Via: s.conn.Via, Code: code, Err: err}
	switch {
	case code != 0:
		end.Reason = closeReasons[code]
	case s.theirs != 0:
		end.Reason = ReasonClient
		end.Code = s.theirs
		end.Err = s.said
	case errors.Is(err, errStalled):
		end.Reason = ReasonStalled
	case errors.Is(err, errSilent):
		end.Reason = ReasonSilent
	default:
		end.Reason = ReasonLost
	}
	s.env.Ended(end)
}
