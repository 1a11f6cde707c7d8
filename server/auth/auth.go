// Package auth finds the credential of a request, and answers requests that have none that is good.
//
// It promises that no credential goes further than here: what comes after gets a request without ?token=, and the log
// gets the rule by which a credential was refused.
package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/rs/zerolog"

	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/logging"
	"verbatim/server/respond"
)

// Auth says who sends a request. Safe for concurrent use.
type Auth struct {
	// Fixed.
	Verifier identity.Verifier   // nil: open mode, in which nobody is asked
	Policy   *permissions.Policy // nil in open mode
	InURL    bool                // ?token= is taken too
	Notes    *logging.Notes
	Visit    func(*http.Request) access.Visit
}

// Identify returns whom a request belongs to, or nil in open mode, and the query without a credential. The error is a
// *identity.Refusal. forSocket says that subprotocols may hold the credential.
func (a *Auth) Identify(r *http.Request, forSocket bool) (*identity.Identity, string, error) {
	if a.Verifier == nil {
		return nil, r.URL.RawQuery, nil
	}
	credential, query, refusal := a.find(r, forSocket)
	if refusal != nil {
		return nil, query, refusal
	}
	who, err := a.Verifier.Verify(r.Context(), credential)
	if err == nil && a.Policy.Idle(who.Subject) {
		return nil, query, &identity.Refusal{
			Public: protocol.Forbidden().Reason, Rule: "neither the token nor a rule grants anything", Blocked: true,
		}
	}
	return who, query, err
}

// identityKey is the key of a request's identity in its context.
type identityKey struct{}

// Of returns whom a request belongs to that Require has let in; nil in open mode.
func Of(r *http.Request) *identity.Identity {
	who, _ := r.Context().Value(identityKey{}).(*identity.Identity)
	return who
}

// Require lets only those requests in that have a good credential; in open mode all of them.
func (a *Auth) Require(next http.Handler) http.Handler {
	if a.Verifier == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, query, err := a.Identify(r, false)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		in := r.WithContext(context.WithValue(r.Context(), identityKey{}, who))
		if query != r.URL.RawQuery {
			in.URL = new(url.URL)
			*in.URL = *r.URL
			in.URL.RawQuery = query
		}
		next.ServeHTTP(w, in)
	})
}

// refuse answers a request without a good credential.
func (a *Auth) refuse(w http.ResponseWriter, r *http.Request, err error) {
	refusal := AsRefusal(err)
	a.Notes.Add(a.Note("a request was refused: ", r, refusal))
	respond.Noted(w)
	if refusal.Blocked {
		respond.Refuse(w, http.StatusForbidden, protocol.Errorf(protocol.CodeForbidden, "%s", refusal.Public))
		return
	}
	respond.Refuse(w, http.StatusUnauthorized, protocol.Errorf(protocol.CodeUnauthorized, "%s", refusal.Public))
}

// AsRefusal returns a Verifier's error as what it is; an error of another kind refuses without saying why.
func AsRefusal(err error) *identity.Refusal {
	var refusal *identity.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return identity.Refuse("it could not be verified")
}

// Note returns the note of a credential that was refused. Each rule has a kind of its own, so that none hides another.
func (a *Auth) Note(words string, r *http.Request, refusal *identity.Refusal) logging.Note {
	n := logging.Note{
		Kind: "token: " + refusal.Rule, Level: zerolog.WarnLevel, Words: words + refusal.Error(),
		Do: "look at the program that made the token", Method: r.Method, Path: r.URL.Path,
		Code: protocol.CodeUnauthorized,
	}
	n.From, n.Via = a.Visit(r).Sender(r)
	return n
}
