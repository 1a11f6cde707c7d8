package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestASecretHasAtLeast32Bytes(t *testing.T) {
	for what, row := range map[string]struct {
		text string
		want string // "": it is refused
	}{
		"32 bytes":                       {testSecret, testSecret},
		"a line":                         {testSecret + "\n", testSecret},
		"a line of Windows":              {testSecret + "\r\n", testSecret},
		"31 bytes":                       {testSecret[1:], ""},
		"31 bytes and the end of a line": {testSecret[1:] + "\n", ""},
		"nothing":                        {"", ""},
	} {
		key, err := ReadSecret(writeFile(t, row.text))
		if row.want == "" {
			if err == nil || strings.Contains(err.Error(), testSecret[1:]) {
				t.Errorf("%s: got %v", what, err)
			}
			continue
		}
		if err != nil || string(key.public.([]byte)) != row.want || key.alg != "HS256" {
			t.Errorf("%s: got %v, %v", what, key, err)
		}
	}
	if _, err := ReadSecret(writeFile(t, strings.Repeat("x", maxKeyFile+1))); err == nil {
		t.Error("a file without end was taken")
	}
	if _, err := ReadSecret(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing file was taken")
	}
}

func TestPublicKeysAreReadFromPEMAndWeakOnesAreRefused(t *testing.T) {
	all := newParties()
	for alg, p := range all {
		if p.public == nil {
			continue
		}
		keys, err := ReadKeys(publicPEM(t, p.public))
		if err != nil || len(keys) != 1 || keys[0].alg != alg {
			t.Errorf("%s: got %v, %v", alg, keys, err)
		}
	}
	rsaKey := all["RS256"].public.(*rsa.PublicKey)
	pkcs1 := writePEM(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(rsaKey))
	if keys, err := ReadKeys(pkcs1); err != nil || len(keys) != 1 {
		t.Errorf("PKCS 1: got %v, %v", keys, err)
	}
	one := must1(os.ReadFile(publicPEM(t, all["ES256"].public)))
	two := must1(os.ReadFile(publicPEM(t, rsaKey)))
	if keys, err := ReadKeys(writeFile(t, string(one)+string(two))); err != nil || len(keys) != 2 {
		t.Errorf("two keys in a file: got %v, %v", keys, err)
	}

	weak := must1(rsa.GenerateKey(rand.Reader, 1024))
	curve := must1(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	private := must1(x509.MarshalPKCS8PrivateKey(all["RS256"].signer.private))
	for what, path := range map[string]string{
		"an RSA key of 1024 bits": publicPEM(t, weak.Public()), "a key on P-384": publicPEM(t, curve.Public()),
		"a private key": writePEM(t, "PRIVATE KEY", private), "a certificate": writePEM(t, "CERTIFICATE", private),
		"no PEM": writeFile(t, "ssh-ed25519 AAAA"), "PEM of nothing": writePEM(t, "PUBLIC KEY", nil),
	} {
		keys, err := ReadKeys(path)
		if err == nil {
			t.Errorf("%s: got %v", what, keys)
		} else if !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is not one line with the path: %v", what, err)
		}
	}
}

func TestATokenThatIsMadeIsLetInWithAllThatItSays(t *testing.T) {
	for alg, p := range newParties() {
		signer := p.signer
		if p.public != nil { // by way of a file
			der := must1(x509.MarshalPKCS8PrivateKey(p.signer.private))
			signer = must1(ReadSigner(writePEM(t, "PRIVATE KEY", der)))
		}
		made, err := signer.Make(Claims{
			User: "ann", Name: "Ann Lee", Issuer: "i", Audience: "a", Issued: time.Now(), Life: time.Hour,
			Read: []string{"team-*", "lobby"}, Write: []string{"lobby"}, Create: []string{"team-*"},
			Moderate: []string{"*"},
		})
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		v := New(Options{Keys: []Key{p.key}, Issuer: "i", Audience: "a"})
		who, err := v.Verify(t.Context(), made)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		g := who.Subject.Grants
		if who.Subject.User != "ann" || who.Name != "Ann Lee" || len(g.Read) != 2 || len(g.Write) != 1 ||
			len(g.Create) != 1 || len(g.Moderate) != 1 {
			t.Errorf("%s: got %+v, %+v", alg, who, who.Subject)
		}
		if left := time.Until(who.Expires); left > time.Hour || left < 50*time.Minute {
			t.Errorf("%s: expires in %v", alg, left)
		}
	}
}

func TestATokenThatAServerWouldRefuseIsNotMade(t *testing.T) {
	good := Claims{User: "ann", Issued: time.Now(), Life: time.Hour}
	for what, change := range map[string]func(*Claims){
		"no user":                func(c *Claims) { c.User = "" },
		"a user with U+202E":     func(c *Claims) { c.User = "a\u202en" },
		"a user with a space":    func(c *Claims) { c.User = "ann " },
		"a guest":                func(c *Claims) { c.User = "guest-1" },
		"a key":                  func(c *Claims) { c.User = "key:ci" },
		"a name with U+202E":     func(c *Claims) { c.Name = "a\u202en" },
		"no time":                func(c *Claims) { c.Life = 0 },
		"less than no time":      func(c *Claims) { c.Life = -time.Hour },
		"half a second":          func(c *Claims) { c.Life = time.Second / 2 },
		"ten thousand years":     func(c *Claims) { c.Issued = time.Unix(maxSeconds, 0) },
		"a pattern that is none": func(c *Claims) { c.Read = []string{"te*am"} },
		"too many patterns":      func(c *Claims) { c.Write = strings.Split(strings.Repeat("x ", 257), " ")[:257] },
		"too many bytes":         func(c *Claims) { c.Issuer = strings.Repeat("i", MaxBytes) },
	} {
		c := good
		change(&c)
		if made, err := newParties()["HS256"].signer.Make(c); err == nil {
			t.Errorf("%s: made %s", what, made)
		}
	}
	if _, err := newParties()["HS256"].signer.Make(good); err != nil {
		t.Error(err)
	}
}

// FuzzVerify holds a verifier to its word: whatever comes, it says who it is or refuses, and does not crash.
func FuzzVerify(f *testing.F) {
	p := newParties()["HS256"]
	f.Add(`{"alg":"HS256"}`, `{"sub":"ann","exp":9999999999}`)
	f.Add(`{"alg":"HS256","kid":"../x"}`, `{"sub":"ann","exp":1e300,"verbatim":{"read":["*"]}}`)
	f.Add(`{"alg":"HS256","crit":[]}`, `{"sub":"a\u0000","exp":null,"aud":[1]}`)
	v := New(Options{Keys: []Key{p.key}})
	f.Fuzz(func(t *testing.T, header, claims string) {
		who, err := v.Verify(t.Context(), p.sign(header, claims))
		if (who == nil) == (err == nil) {
			t.Fatalf("got %v and %v", who, err)
		}
		refusedBy(t, err)
	})
}
