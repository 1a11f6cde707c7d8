// Package identity says who a credential belongs to. Each kind of credential has a package below it.
//
// It promises that a refusal holds no byte of the credential that was refused, so that it may go into a log.
package identity

import (
	"context"
	"time"

	"verbatim/permissions"
)

// Identity is whom a credential belongs to, and until when. It never changes after it was made: sessions and requests
// share it.
type Identity struct {
	Subject *permissions.Subject
	Name    string    // what to show for the user; "": the user's name itself
	Expires time.Time // zero: never
	Issued  time.Time // zero: the credential does not say
	TokenID string    // the token's own id (`jti`); ""
	Session string    // the id of a sign-in session; ""
	Mark    uint64    // of TokenID, or of an API key: small, for those who ask again whether it was revoked; 0: none
}

// Verifier finds out whom a credential belongs to. The error is a *Refusal. Safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, credential string) (*Identity, error)
}

// What a client is told of a credential that was refused. It learns no more.
const (
	TokenMissing = "token missing"
	TokenExpired = "token expired"
	TokenRefused = "token refused"
	SignedOut    = "signed out"
)

// Refusal is the error of a credential that was refused. Neither of its texts has a byte of the credential.
type Refusal struct {
	Public  string // what the client is told: one of the four above
	Rule    string // which rule refused it, for the log; one of a fixed number of texts
	Blocked bool   // the user is known, and may do nothing at all
}

// Error implements error. It is what the log says.
func (r *Refusal) Error() string { return r.Public + ": " + r.Rule }

// Refuse returns the refusal of a credential by a rule.
func Refuse(rule string) *Refusal { return &Refusal{Public: TokenRefused, Rule: rule} }
