package session

import (
	"errors"
	"strings"
	"time"

	"verbatim/identity"
	"verbatim/protocol"
)

// lives notes by what a session lives. It is called by the reader, at the beginning and when the token is renewed.
func (s *session) lives(who *identity.Identity) {
	if s.life == nil {
		s.life = &life{}
	}
	s.shown = ""
	if who.Name != string(s.user) {
		s.shown = strings.Clone(who.Name) // the session does not keep the whole identity
	}
	s.life.subject.Store(who.Subject)
	s.env.live(&s.link, who)
}

// expiry implements mortal.
func (l *link) expiry() *expiry { return &l.life.expiry }

// expired reports whether the session's token is over, so that nothing but a new one is served.
func (s *session) expired() bool {
	return s.life != nil && time.Now().UnixNano() >= s.life.ends-int64(s.env.Limits.TokenGrace)
}

var errExpired = protocol.Errorf(protocol.CodeUnauthorized, "the token has expired: send a new one, "+
	`as {"type":"token","token":"…"}, or connect with it`)

// token puts another token of the same user in the place of the session's. If it is refused, nothing has changed.
// Signatures cost the processor's time, so tokens count for the session's rate. Only this session's own reading waits
// for a fetch of keys.
func (s *session) token(r *protocol.Request) *protocol.Error {
	if s.life == nil {
		return protocol.BadRequest("this server asks for no token, so there is none to renew: leave it out")
	}
	s.keepRate()
	s.alive.pause()
	who, err := s.env.Verifier.Verify(s.ctx, r.Token)
	s.alive.resume(&s.link)
	if err == nil && who.Subject.User != s.user {
		err = identity.Refuse("it belongs to another user than the session")
	}
	if err != nil {
		return s.refuseToken(err)
	}
	s.lives(who)
	s.weighAgain()
	reply(&s.out, protocol.Renewed{Ref: r.Ref, Expires: protocol.TimeOf(who.Expires)})
	return nil
}

// refuseToken tells the client no more than that, and the log which rule it was.
func (s *session) refuseToken(err error) *protocol.Error {
	public := identity.TokenRefused
	var refusal *identity.Refusal
	if errors.As(err, &refusal) {
		public = refusal.Public
	}
	s.cause = err
	return protocol.Errorf(protocol.CodeUnauthorized, "%s: the session goes on as before", public)
}
