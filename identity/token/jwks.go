package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

const (
	// maxSet is the most bytes of a key set.
	maxSet = 1 << 20
	// maxKeys is the most keys of a set, also of those that are passed over.
	maxKeys = 100
)

// parseSet reads a JSON Web Key Set (RFC 7517). It passes over each key that cannot verify a token here.
func parseSet(text []byte) ([]Key, error) {
	o, ok := readObject(text)
	if !ok {
		return nil, errors.New("it is not one JSON object with each name once")
	}
	var all []json.RawMessage
	if err := json.Unmarshal(o["keys"], &all); err != nil {
		return nil, errors.New("it has no list of keys")
	}
	if len(all) > maxKeys {
		return nil, fmt.Errorf("it has %d keys: at most %d are read", len(all), maxKeys)
	}
	var keys []Key
	for _, raw := range all {
		if key, ok := parseKey(raw); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// parseKey returns a key of a set, or false if it cannot verify a token: it is symmetric, or not for signatures, or of
// an algorithm or a size that is not taken here.
func parseKey(raw json.RawMessage) (Key, bool) {
	var m jwkset.JWKMarshal
	if json.Unmarshal(raw, &m) != nil {
		return Key{}, false
	}
	switch {
	case m.KTY == jwkset.KtyOct,
		m.USE != "" && m.USE != jwkset.UseSig,
		m.KEYOPS != nil && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return Key{}, false
	}
	// Only what makes the public key. In particular no certificate, and no address of one, is looked at.
	bare := jwkset.JWKMarshal{KTY: m.KTY, CRV: m.CRV, X: m.X, Y: m.Y, N: m.N, E: m.E}
	parsed, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true})
	if err != nil {
		return Key{}, false
	}
	key, err := keyOf(parsed.Key())
	if err != nil || m.ALG != "" && string(m.ALG) != key.alg {
		return Key{}, false
	}
	key.kid = m.KID
	return key, true
}
