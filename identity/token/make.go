package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"verbatim/permissions"
	"verbatim/protocol"
)

// Signer is a key that signs tokens.
type Signer struct {
	alg     string
	private any // what the library's method takes
}

// ReadSigner reads a private key from a PEM file.
func ReadSigner(path string) (Signer, error) {
	text, err := readKeyFile(path)
	if err != nil {
		return Signer{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return Signer{}, fmt.Errorf("%s has no private key in PEM: it begins with -----BEGIN PRIVATE KEY-----", path)
	}
	private, err := parsePrivate(block)
	if err != nil {
		return Signer{}, fmt.Errorf("%s: %w", path, err)
	}
	key, err := keyOf(private.Public())
	if err != nil {
		return Signer{}, fmt.Errorf("%s: %w", path, err)
	}
	return Signer{alg: key.alg, private: private}, nil
}

// SecretSigner returns the key that signs what secret verifies.
func SecretSigner(secret Key) Signer { return Signer{alg: secret.alg, private: secret.public} }

func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return asSigner(x509.ParsePKCS1PrivateKey(block.Bytes))
	case "EC PRIVATE KEY":
		return asSigner(x509.ParseECPrivateKey(block.Bytes))
	case "PRIVATE KEY":
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a private key cannot be read: %w", err)
		}
		switch k := private.(type) {
		case *rsa.PrivateKey:
			return k, nil
		case *ecdsa.PrivateKey:
			return k, nil
		case ed25519.PrivateKey:
			return k, nil
		}
		return nil, errors.New("a key is neither RSA nor ECDSA on P-256 nor Ed25519")
	default:
		return nil, fmt.Errorf("it has a PEM block of type %.40q, which is no private key", block.Type)
	}
}

func asSigner[K crypto.Signer](key K, err error) (crypto.Signer, error) {
	if err != nil {
		return nil, fmt.Errorf("a private key cannot be read: %w", err)
	}
	return key, nil
}

// Claims are what a token is made of. Empty ones are left out.
type Claims struct {
	User, Name                    string
	Issuer, Audience              string
	Read, Write, Create, Moderate []string // patterns
	Issued                        time.Time
	Life                          time.Duration
}

// Make makes a token, or says why a server would refuse it.
func (s Signer) Make(c Claims) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	text := jwt.NewWithClaims(methods[s.alg], c.asMap())
	signed, err := text.SignedString(s.private)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	if len(signed) > MaxBytes {
		return "", fmt.Errorf("the token has %d bytes, and servers take at most %d: give fewer patterns",
			len(signed), MaxBytes)
	}
	return signed, nil
}

// check holds the claims to what a Verifier will hold them to.
func (c Claims) check() error {
	if name, err := protocol.Name(c.User); err != nil {
		return errors.New(err.Reason)
	} else if string(name) != c.User {
		return fmt.Errorf("%q is not in its normal form: write %q", c.User, name)
	}
	if c.Name != "" {
		if _, err := protocol.Name(c.Name); err != nil {
			return errors.New("--name: " + err.Reason)
		}
	}
	if c.Life < time.Second {
		return fmt.Errorf("the token would be over at once: give --for 1s at least, not %v", c.Life)
	}
	if _, err := permissions.ParseGrants(c.Read, c.Write, c.Create, c.Moderate); err != nil {
		return err
	}
	text, err := json.Marshal(c.asMap())
	if err != nil {
		return fmt.Errorf("encode the claims: %w", err)
	}
	if _, err := readClaims(text); err != nil {
		return fmt.Errorf("a server would refuse this token: %w", err)
	}
	return nil
}

func (c Claims) asMap() jwt.MapClaims {
	m := jwt.MapClaims{"sub": c.User, "iat": c.Issued.Unix(), "exp": c.Issued.Add(c.Life).Unix()}
	for name, text := range map[string]string{"name": c.Name, "iss": c.Issuer, "aud": c.Audience} {
		if text != "" {
			m[name] = text
		}
	}
	grants := map[string][]string{}
	for verb, patterns := range map[string][]string{
		"read": c.Read, "write": c.Write, "create": c.Create, "moderate": c.Moderate,
	} {
		if len(patterns) > 0 {
			grants[verb] = patterns
		}
	}
	if len(grants) > 0 {
		m["verbatim"] = grants
	}
	return m
}
