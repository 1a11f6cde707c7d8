package token_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/identity"
	"verbatim/identity/token"
	"verbatim/identity/token/tokentest"
)

// TestEveryAttackIsRefusedByItsRule tries the table with each algorithm, with keys of files and with those of a set. A
// rule is a constant, so no byte of a token is in what the log gets.
func TestEveryAttackIsRefusedByItsRule(t *testing.T) {
	if len(tokentest.Attacks) < 100 {
		t.Errorf("the table has %d rows", len(tokentest.Attacks))
	}
	var came atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	defer trap.Close()
	for _, p := range tokentest.Parties() {
		t.Run(p.Algorithm+" of a file", func(t *testing.T) {
			v := token.New(token.Options{Keys: keysOf(t, p), Leeway: 10 * time.Second})
			synctest.Test(t, func(t *testing.T) {
				tryAll(t, v, &tokentest.Attack{Party: p, JKU: trap.URL, Now: time.Now()})
			})
		})
		if p.Secret() {
			continue
		}
		t.Run(p.Algorithm+" of a set", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := token.SetOf(func(context.Context) ([]byte, error) {
					return tokentest.Set(p.JWK(map[string]any{"kid": "k1"})), nil
				})
				s.Fetch(t.Context())
				v := token.New(token.Options{
					Set: s, Leeway: 10 * time.Second, Issuer: "https://id.test", Audience: "chat",
				})
				tryAll(t, v, &tokentest.Attack{
					Party: p, KID: "k1", JKU: trap.URL, Now: time.Now(), Parties: tokentest.Configured,
				})
			})
		})
	}
	if came.Load() != 0 {
		t.Errorf("%d requests came to the address that tokens named", came.Load())
	}
}

// keysOf returns the key of a party, by way of a file.
func keysOf(t *testing.T, p *tokentest.Party) []token.Key {
	t.Helper()
	path := p.WriteKey(t)
	if p.Secret() {
		key, err := token.ReadSecret(path)
		if err != nil {
			t.Fatal(err)
		}
		return []token.Key{key}
	}
	keys, err := token.ReadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// tryAll tries all attacks.
func tryAll(t *testing.T, v *token.Verifier, a *tokentest.Attack) {
	for _, row := range tokentest.Attacks {
		who, err := v.Verify(t.Context(), row.Try(a))
		var refusal identity.Refusal
		if is := (*identity.Refusal)(nil); errors.As(err, &is) {
			refusal = *is
		} else if err != nil {
			t.Errorf("%s: the error is no refusal: %v", row.What, err)
		}
		if refusal.Rule != row.Rule(a) || refusal.Public != row.Public(a) {
			t.Errorf("%s: got %q by the rule %q, want %q by %q",
				row.What, refusal.Public, refusal.Rule, row.Public(a), row.Rule(a))
		}
		if (who != nil) != (row.Rule(a) == "") || who != nil && who.Subject.User != "ann" {
			t.Errorf("%s: got the identity %+v", row.What, who)
		}
	}
}
