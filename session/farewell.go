package session

import (
	"time"

	"verbatim/identity"
	"verbatim/protocol"
)

// farewell is why a session or a stream of events is told to leave. It never changes after it was made.
type farewell struct {
	code   protocol.CloseCode
	reason string
	retry  time.Duration // when the client should come back; of a drain
}

// drained is the farewell of a server that ends.
func drained(retry time.Duration) *farewell {
	return &farewell{
		code:   protocol.CloseGoingAway,
		reason: protocol.RetryReason("the server is draining: reconnect and resume", retry), retry: retry,
	}
}

// expired is the farewell of a token that is over and was not renewed.
var expired = &farewell{code: protocol.CloseToken, reason: identity.TokenExpired}

// refusal is what a request gets that was under way.
func (f *farewell) refusal() *protocol.Error {
	switch f.code {
	case protocol.CloseForbidden:
		return protocol.Errorf(protocol.CodeForbidden, "%s", f.reason)
	case protocol.CloseGoingAway:
		return protocol.Unavailable("the server is draining: reconnect, and ask again", f.retry)
	}
	return protocol.Errorf(protocol.CodeUnauthorized, "%s: connect again", f.reason)
}
