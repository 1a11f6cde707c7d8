package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// minSecret is the least bytes of a secret: as many as HS256 makes of it (RFC 7518, 3.2).
	minSecret = 32
	// minRSA and maxRSA bound an RSA key, in bits (RFC 7518, 3.3).
	minRSA, maxRSA = 2048, 8192
	// maxKeyFile is the most bytes of a file of keys.
	maxKeyFile = 1 << 20
)

// Key is a key that verifies signatures, by one algorithm only.
type Key struct {
	alg    string
	kid    string // of a set; "": it has none
	public any    // what the library's method takes
}

func (k Key) method() jwt.SigningMethod { return methods[k.alg] }

// Algorithm returns the one algorithm of the key.
func (k Key) Algorithm() string { return k.alg }

// ReadSecret reads the secret of HS256 from a file. A line's end after it does not count.
func ReadSecret(path string) (Key, error) {
	text, err := readKeyFile(path)
	if err != nil {
		return Key{}, err
	}
	secret := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(secret) < minSecret {
		return Key{}, fmt.Errorf("%s has %d bytes, and a secret has at least %d: make one with "+
			"`openssl rand -hex 32`", path, len(secret), minSecret)
	}
	return Key{alg: "HS256", public: secret}, nil
}

// ReadKeys reads public keys from a PEM file, at least one.
func ReadKeys(path string) ([]Key, error) {
	text, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	var keys []Key
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		public, err := parsePublic(block)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		key, err := keyOf(public)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s has no public key in PEM: it begins with -----BEGIN PUBLIC KEY-----", path)
	}
	return keys, nil
}

// readKeyFile reads a file. The error names the path.
func readKeyFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%s has more than %d bytes, which is no file of keys", path, maxKeyFile)
	}
	return text, err
}

func parsePublic(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a public key cannot be read: %w", err)
		}
		return public, nil
	case "RSA PUBLIC KEY":
		public, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("an RSA public key cannot be read: %w", err)
		}
		return public, nil
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		return nil, errors.New("it has a private key, which the server must not have: " +
			"give it the public one (openssl pkey -pubout)")
	default:
		return nil, fmt.Errorf("it has a PEM block of type %.40q, which is no public key", block.Type)
	}
}

// keyOf returns a public key with the one algorithm that it is used for.
func keyOf(public any) (Key, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSA || bits > maxRSA {
			return Key{}, fmt.Errorf("an RSA key has %d bits: give one with %d to %d", bits, minRSA, maxRSA)
		}
		return Key{alg: "RS256", public: k}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return Key{}, fmt.Errorf("an ECDSA key is on the curve %s: ES256 needs P-256", k.Curve.Params().Name)
		}
		return Key{alg: "ES256", public: k}, nil
	case ed25519.PublicKey:
		return Key{alg: "EdDSA", public: k}, nil
	default:
		return Key{}, errors.New("a key is neither RSA nor ECDSA on P-256 nor Ed25519")
	}
}
