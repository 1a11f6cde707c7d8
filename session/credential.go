package session

import (
	"strings"
	"time"

	"verbatim/identity"
	"verbatim/protocol"
)

// credential is what a session knows of the token that it lives by. It is small, since ten thousand sessions have one.
type credential struct {
	expiry
	expires int64   // in nanoseconds since 1970; 0: never; owned by the reader
	shown   *string // what to show for the user; nil: nothing else; owned by the reader
}

// lives notes until when a session lives.
func (s *session) lives(who *identity.Identity) {
	s.credential = &credential{expiry: expiry{whose: &s.link, place: -1}}
	s.renew(who)
}

// renew notes another end, and what to show for the user. It is called by the reader.
func (s *session) renew(who *identity.Identity) {
	c := s.credential
	c.shown = nil
	if who.Name != "" && who.Name != string(s.user) {
		name := strings.Clone(who.Name) // the session does not keep the whole identity
		c.shown = &name
	}
	c.expires = 0
	if !who.Expires.IsZero() {
		c.expires = who.Expires.UnixNano()
	}
	s.env.live(&c.expiry, who)
}

// shown returns what to show for the user in place of the name, or "".
func (s *session) shown() string {
	if s.credential == nil || s.credential.shown == nil {
		return ""
	}
	return *s.credential.shown
}

// expired reports whether the session's token is over, so that nothing but a new one is served.
func (s *session) expired() bool {
	c := s.credential
	return c != nil && c.expires != 0 && time.Now().UnixNano() >= c.expires
}

var errExpired = protocol.Errorf(protocol.CodeUnauthorized, "the token has expired: send a new one, "+
	`as {"type":"token","token":"…"}, or connect with it`)

// token puts another token of the same user in the place of the session's. If it is refused, nothing has changed.
// Signatures cost the processor's time, so tokens count for the session's rate. Only this session's own reading waits for
// a fetch of keys.
func (s *session) token(r *protocol.Request) *protocol.Error {
	if s.credential == nil {
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
	s.renew(who)
	reply(&s.out, protocol.Renewed{Ref: r.Ref, Expires: protocol.TimeOf(who.Expires)})
	return nil
}

// refuseToken tells the client no more than that, and the log which rule it was.
func (s *session) refuseToken(err error) *protocol.Error {
	public := identity.TokenRefused
	if refusal, ok := err.(*identity.Refusal); ok { //nolint:errorlint // a Verifier does not wrap them
		public = refusal.Public
	}
	s.cause = err
	return protocol.Errorf(protocol.CodeUnauthorized, "%s: the session goes on as before", public)
}
