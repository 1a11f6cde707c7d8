package auth

import (
	"context"
	"strings"
	"time"

	"verbatim/directory"
	"verbatim/directory/secret"
	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/protocol"
	"verbatim/session"
)

// Standing is a Verifier that asks the directory too: it knows API keys, and refuses what was revoked and who is
// blocked. It answers from memory. Safe for concurrent use.
type Standing struct {
	// Fixed.
	Tokens identity.Verifier
	State  *directory.State
	Used   func(keyID string) // is told of each API key that lets somebody in; it must not wait
}

// The rules by which the directory refuses. Nothing of a credential is in them.
const (
	ruleBlocked = "its user is blocked"
	ruleRevoked = "it was revoked"
	ruleKey     = "no API key is this one"
	ruleKeyOver = "the API key is over"
	ruleKeyGone = "its API key was revoked"
)

// Verify implements identity.Verifier.
func (s *Standing) Verify(ctx context.Context, credential string) (*identity.Identity, error) {
	if strings.HasPrefix(credential, directory.KeyPrefix) {
		return s.key(secret.Of(credential))
	}
	who, err := s.Tokens.Verify(ctx, credential)
	if err != nil {
		return nil, err
	}
	who.Mark = secret.Mark(who.TokenID)
	if s.State.Revoked(who.Subject.User, who.Issued, who.TokenID) {
		return nil, identity.Refuse(ruleRevoked)
	}
	if no := s.blocked(who.Subject.User); no != nil {
		return nil, no
	}
	return who, nil
}

// key returns whom an API key belongs to.
func (s *Standing) key(hash directory.Hash) (*identity.Identity, error) {
	key := s.State.Key(hash)
	switch {
	case key == nil:
		return nil, identity.Refuse(ruleKey)
	case key.Over(time.Now()):
		return nil, &identity.Refusal{Public: identity.TokenExpired, Rule: ruleKeyOver}
	}
	if no := s.blocked(key.User()); no != nil {
		return nil, no
	}
	grants, err := permissions.ParseGrants(key.Grants.Read, key.Grants.Write, key.Grants.Create, key.Grants.Moderate)
	if err != nil {
		return nil, identity.Refuse("its API key has a grant that is none")
	}
	s.Used(key.ID)
	return &identity.Identity{
		Subject: &permissions.Subject{User: key.User(), Kind: permissions.Key, Grants: grants},
		Name:    key.Name, Issued: key.Created, Expires: key.Ends, Mark: secret.Mark(key.ID),
	}, nil
}

func (s *Standing) blocked(user protocol.UserID) *identity.Refusal {
	if !s.State.Blocked(user) {
		return nil
	}
	return &identity.Refusal{Public: identity.TokenRefused, Rule: ruleBlocked, Blocked: true}
}

// Refuses is session.Env's: it says whether a credential that let somebody in is refused by now.
func (s *Standing) Refuses(c session.Credential) *identity.Refusal {
	if no := s.blocked(c.User); no != nil {
		return no
	}
	if strings.HasPrefix(string(c.User), directory.KeyUser) {
		if !s.State.KeyMark(c.Mark) {
			return identity.Refuse(ruleKeyGone)
		}
		return nil
	}
	if s.State.RevokedMark(c.User, c.Issued, c.Mark) {
		return identity.Refuse(ruleRevoked)
	}
	return nil
}
