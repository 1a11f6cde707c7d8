// Package tokentest has those who sign tokens in tests, and the table of attacks that every door of a server refuses.
package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// Party is who signs tokens by one algorithm.
type Party struct {
	Algorithm string
	private   any // what the library's method takes
	public    any // nil: the key is a secret
}

// Parties are one party for each algorithm. Keys are made once: those of RSA take long.
var Parties = sync.OnceValue(func() []*Party {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return []*Party{
		{Algorithm: "HS256", private: []byte("0123456789abcdef0123456789abcdef")},
		newParty("RS256", private), newParty("ES256", curve), newStranger(),
	}
})

func newParty(algorithm string, private crypto.Signer) *Party {
	return &Party{Algorithm: algorithm, private: private, public: private.Public()}
}

// newStranger is somebody with a key of their own.
func newStranger() *Party {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	return newParty("EdDSA", private)
}

// Secret reports whether the key is a secret, which no set has.
func (p *Party) Secret() bool { return p.public == nil }

// Sign signs a header and claims as they are.
func (p *Party) Sign(header, claims string) string {
	signed := encode(header) + "." + encode(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(p.signature(signed))
}

func (p *Party) signature(signed string) []byte {
	signature, err := jwt.GetSigningMethod(p.Algorithm).Sign(signed, p.private)
	must(err)
	return signature
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// WriteKey writes what verifies the party's tokens into a file: a secret, or a public key in PEM.
func (p *Party) WriteKey(t testing.TB) (path string) {
	t.Helper()
	text, is := p.private.([]byte)
	if !is {
		der, err := x509.MarshalPKIXPublicKey(p.public)
		must(err)
		text = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	path = filepath.Join(t.TempDir(), "key")
	must(os.WriteFile(path, text, 0o600))
	return path
}

// JWK returns the public key as one of a set, with more fields.
func (p *Party) JWK(more map[string]any) map[string]any {
	key, err := jwkset.NewJWKFromKey(p.public, jwkset.JWKOptions{})
	must(err)
	text, err := json.Marshal(key.Marshal())
	must(err)
	fields := map[string]any{}
	must(json.Unmarshal(text, &fields))
	for name, value := range more {
		fields[name] = value
	}
	return fields
}

// Set returns a set of keys.
func Set(keys ...map[string]any) []byte {
	if keys == nil {
		keys = []map[string]any{}
	}
	text, err := json.Marshal(map[string]any{"keys": keys})
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		panic("tokentest: " + err.Error())
	}
}
