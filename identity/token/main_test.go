package token

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
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/MicahParks/jwkset"
	"go.uber.org/goleak"

	"verbatim/identity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// party is who signs tokens by one algorithm, and the key that verifies them.
type party struct {
	signer Signer
	key    Key
	public any // nil: a secret
}

// newParties makes one party for each algorithm. Keys are made once: those of RSA take long.
var newParties = sync.OnceValue(func() map[string]party {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	all := map[string]party{"HS256": {
		signer: Signer{alg: "HS256", private: []byte(testSecret)}, key: Key{alg: "HS256", public: []byte(testSecret)},
	}}
	for _, signer := range []crypto.Signer{private, curve, edwards} {
		all[must1(keyOf(signer.Public())).alg] = newParty(signer)
	}
	return all
})

const testSecret = "0123456789abcdef0123456789abcdef"

func newParty(signer crypto.Signer) party {
	key := must1(keyOf(signer.Public()))
	return party{signer: Signer{alg: key.alg, private: signer}, key: key, public: signer.Public()}
}

// sign signs a header and claims as they are.
func (p party) sign(header, claims string) string {
	signed := encode(header) + "." + encode(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(p.signature(signed))
}

func (p party) signature(signed string) []byte {
	return must1(methods[p.signer.alg].Sign(signed, p.signer.private))
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// jwk returns the public key as one of a set, with more fields.
func (p party) jwk(more map[string]any) map[string]any {
	j := must1(jwkset.NewJWKFromKey(p.public, jwkset.JWKOptions{}))
	fields := map[string]any{}
	must(json.Unmarshal(must1(json.Marshal(j.Marshal())), &fields))
	for name, value := range more {
		fields[name] = value
	}
	return fields
}

func set(keys ...map[string]any) []byte {
	if keys == nil {
		keys = []map[string]any{}
	}
	return must1(json.Marshal(map[string]any{"keys": keys}))
}

// writePEM writes a key into a file.
func writePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

func publicPEM(t *testing.T, public any) string {
	t.Helper()
	return writePEM(t, "PUBLIC KEY", must1(x509.MarshalPKIXPublicKey(public)))
}

// refusedBy returns the rule of a refusal; "" if there was none.
func refusedBy(t *testing.T, err error) (rule, public string) {
	t.Helper()
	if err == nil {
		return "", ""
	}
	var refusal *identity.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("the error is no refusal: %v", err)
	}
	return refusal.Rule, refusal.Public
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func must1[T any](v T, err error) T {
	must(err)
	return v
}
