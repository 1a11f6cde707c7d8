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
	after  time.Duration // of a drain: when the client should come back, counted from when it is told
	at     time.Time     // not zero: at that moment instead
}

// drained is the farewell of a server that ends.
func drained(after time.Duration) *farewell {
	return &farewell{
		code: protocol.CloseGoingAway, reason: "the server is draining: reconnect and resume", after: after,
	}
}

// returning is the farewell of a drain that asks each client back at a moment of its own. However late a busy server
// tells it, the moment stays.
func returning(at time.Time) *farewell {
	f := drained(minRetry)
	f.at = at
	return f
}

// minRetry is the least that a client is asked to wait whose moment has passed.
const minRetry = 100 * time.Millisecond

// retry returns when the client should come back, counted from now, or 0 if it was not asked to.
func (f *farewell) retry() time.Duration {
	if f.at.IsZero() {
		return f.after
	}
	return max(time.Until(f.at), minRetry)
}

// text returns the reason as a close frame says it now.
func (f *farewell) text() string {
	if after := f.retry(); after > 0 {
		return protocol.RetryReason(f.reason, after)
	}
	return f.reason
}

// expired is the farewell of a token that is over and was not renewed.
var expired = &farewell{code: protocol.CloseToken, reason: identity.TokenExpired}

// refusal is what a request gets that was under way.
func (f *farewell) refusal() *protocol.Error {
	switch f.code {
	case protocol.CloseForbidden:
		return protocol.Errorf(protocol.CodeForbidden, "%s", f.reason)
	case protocol.CloseGoingAway:
		return protocol.Unavailable("the server is draining: reconnect, and ask again", f.retry())
	}
	return protocol.Errorf(protocol.CodeUnauthorized, "%s: connect again", f.reason)
}
