// Package secret makes the random secrets that the server gives out (invites, API keys, cookies) and hashes them.
//
// A secret has 130 random bits, so that one round of SHA-256 is enough: nobody can try them all. Passwords, which
// people choose, are hashed elsewhere, and slowly.
//
// Everything here is safe for concurrent use.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// New returns a secret: a prefix, and 26 of the letters and digits that base32 has, in lower case.
func New(prefix string) string { return prefix + strings.ToLower(rand.Text()) }

// Hash is what is kept of a secret. The zero value belongs to none.
type Hash [sha256.Size]byte

// Of returns a secret's hash. Any text has one.
func Of(text string) Hash { return sha256.Sum256([]byte(text)) }

// idLen is how many hex digits of a hash name the secret among the others of its kind.
const idLen = 12

// ID returns a short name of the secret, which may be shown and logged: nothing can be done with it.
func (h Hash) ID() string { return hex.EncodeToString(h[:])[:idLen] }

// Value is database/sql's: a hash is kept as 64 hex digits.
func (h Hash) Value() (driver.Value, error) { return hex.EncodeToString(h[:]), nil }

// Scan is database/sql's.
func (h *Hash) Scan(from any) error {
	var text string
	switch from := from.(type) {
	case string:
		text = from
	case []byte:
		text = string(from)
	}
	if n, err := hex.Decode(h[:], []byte(text)); len(text) != 2*len(h) || n != len(h) || err != nil {
		return fmt.Errorf("secret: %T of %d bytes is no hash", from, len(text))
	}
	return nil
}

// Mark returns a number for a text, almost always another one for another text: for look-ups where a rare
// mistake costs a reconnect. 0 is that of "".
func Mark(text string) uint64 {
	if text == "" {
		return 0
	}
	hash := Of(text)
	return binary.BigEndian.Uint64(hash[:])
}
