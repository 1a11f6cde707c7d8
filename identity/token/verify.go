// Package token verifies JSON Web Tokens (RFC 7519), and makes them for the command line.
//
// # How it keeps its promises
//
// A token is read once, by rules that leave no choice: three parts in base64url without padding, each JSON part one
// object with each name once. A library checks the signature, with a key whose algorithm was fixed when the key was
// read, so that no header chooses how a key is used. Nothing that a token's header points to is ever fetched. The rules
// are constants, so that a refusal has no byte of the token.
//
// # Concurrency
//
// A Verifier is safe for concurrent use. A KeySet has one goroutine, which its owner starts (KeySet.Run).
package token

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"verbatim/identity"
)

// MaxBytes is the most bytes of a token.
const MaxBytes = 8192

// Options are what a Verifier holds tokens to.
type Options struct {
	Keys       []Key         // of files
	Set        *KeySet       // from a URL; nil: there is none
	Algorithms []string      // which of Algorithms are taken; empty: those of the keys
	Issuer     string        // what `iss` must be; "": it is not looked at
	Audience   string        // what `aud` must have; "": it is not looked at
	Leeway     time.Duration // by how much the clocks may differ
}

// Verifier verifies tokens. It implements identity.Verifier.
type Verifier struct {
	o Options // fixed
}

// New returns a Verifier.
func New(o Options) *Verifier { return &Verifier{o: o} }

// Verify returns whom a token belongs to, or a *identity.Refusal. If the token names a key that is not known, it waits
// for a fetch of the keys, at most fetchTime.
func (v *Verifier) Verify(ctx context.Context, token string) (*identity.Identity, error) {
	now := time.Now()
	signed, parts, err := split(token)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(parts[0])
	if err != nil {
		return nil, err
	}
	if !v.takes(h.alg) {
		return nil, identity.Refuse(RuleAlgorithm)
	}
	keys, err := v.keys(ctx, h)
	if err != nil {
		return nil, err
	}
	if !anyVerifies(keys, signed, parts[2]) {
		return nil, identity.Refuse(RuleSignature)
	}
	c, err := readClaims(parts[1])
	if err != nil {
		return nil, err
	}
	return v.identify(c, now)
}

// takes reports whether an algorithm is allowed.
func (v *Verifier) takes(alg string) bool {
	allowed := v.o.Algorithms
	if len(allowed) == 0 {
		allowed = Algorithms[:]
	}
	for _, a := range allowed {
		if a == alg {
			return true
		}
	}
	return false
}

// keys returns the keys that may have signed a token: all files' keys of its algorithm, and one key of the set.
func (v *Verifier) keys(ctx context.Context, h header) ([]Key, error) {
	var fit []Key
	for _, k := range v.o.Keys {
		if k.alg == h.alg {
			fit = append(fit, k)
		}
	}
	if v.o.Set == nil || h.alg == "HS256" { // a set has no secrets
		if len(fit) == 0 {
			return nil, identity.Refuse(RuleAlgorithm)
		}
		return fit, nil
	}
	k, err := v.o.Set.find(ctx, h)
	switch {
	case err == nil:
		return append(fit, k), nil
	case len(fit) > 0:
		return fit, nil
	}
	return nil, err
}

// anyVerifies reports whether one of the keys has made a signature.
func anyVerifies(keys []Key, signed string, signature []byte) bool {
	for _, k := range keys {
		if k.method().Verify(signed, signature, k.public) == nil {
			return true
		}
	}
	return false
}

// split takes a token apart: what is signed, and its three parts decoded.
func split(token string) (signed string, parts [3][]byte, err error) {
	switch {
	case token == "":
		return "", parts, &identity.Refusal{Public: identity.TokenMissing, Rule: RuleEmpty}
	case len(token) > MaxBytes:
		return "", parts, identity.Refuse(RuleTooLong)
	}
	texts := strings.Split(token, ".")
	if len(texts) != len(parts) {
		return "", parts, identity.Refuse(RuleParts)
	}
	for i, text := range texts {
		if parts[i], err = decode(text); err != nil {
			return "", parts, err
		}
	}
	return token[:len(token)-len(texts[2])-1], parts, nil
}

// strict is base64url without padding and without bits that mean nothing.
var strict = base64.RawURLEncoding.Strict()

func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") { // which the library passes over
		return nil, identity.Refuse(RuleBase64)
	}
	decoded, err := strict.DecodeString(text)
	if err != nil {
		return nil, identity.Refuse(RuleBase64)
	}
	return decoded, nil
}

// Algorithms are the algorithms that there are.
var Algorithms = [...]string{"HS256", "RS256", "ES256", "EdDSA"}

// methods are the library's signatures. Each takes keys of one type only.
var methods = map[string]jwt.SigningMethod{
	"HS256": jwt.SigningMethodHS256, "RS256": jwt.SigningMethodRS256,
	"ES256": jwt.SigningMethodES256, "EdDSA": jwt.SigningMethodEdDSA,
}
