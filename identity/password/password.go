// Package password hashes passwords, and bounds what that costs.
//
// It promises that no more than a few hashes are computed at a time, whatever strangers send, and that a wrong password
// takes as long for a user who does not exist as for one who does.
//
// # Concurrency
//
// A Hasher is safe for concurrent use.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// The cost of one hash: argon2id as OWASP's Password Storage Cheat Sheet has it.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	hashBytes = 32
)

// The length of a password, in characters and in bytes.
const (
	MinCharacters = 8
	MaxBytes      = 1024
)

// Errors of a new password, in words for the one who chose it.
var (
	errShort  = fmt.Errorf("a password has at least %d characters", MinCharacters)
	errLong   = fmt.Errorf("a password has at most %d bytes", MaxBytes)
	errLetter = errors.New("a password has no control characters and is valid UTF-8")
)

// normal returns a password in its normal form: the OpaqueString profile of PRECIS (RFC 8265), so that the same
// password typed on two keyboards has the same bytes.
func normal(password string) (string, error) {
	switch {
	case len(password) > MaxBytes:
		return "", errLong
	case !utf8.ValidString(password):
		return "", errLetter
	case utf8.RuneCountInString(password) < MinCharacters:
		return "", errShort
	}
	text, err := precis.OpaqueString.String(password)
	if err != nil {
		return "", errLetter
	}
	return text, nil
}

// Check returns why a password cannot be chosen, in words for the one who chose it, or nil.
func Check(password string) error {
	_, err := normal(password)
	return err
}

// encoded is a hash as it is kept: in the format of PHC strings.
type encoded struct{ salt, hash []byte }

// head is what each hash begins with. Another cost would be another head.
var head = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, memoryKiB, passes, lanes)

func (e encoded) String() string {
	return head + base64.RawStdEncoding.EncodeToString(e.salt) + "$" + base64.RawStdEncoding.EncodeToString(e.hash)
}

// errEncoded does not show the hash.
var errEncoded = errors.New("a kept password hash is not one of this version's")

func parseEncoded(text string) (encoded, error) {
	rest, ok := strings.CutPrefix(text, head)
	saltText, hashText, both := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.Strict().DecodeString(saltText)
	hash, err2 := base64.RawStdEncoding.Strict().DecodeString(hashText)
	if !ok || !both || err != nil || err2 != nil || len(salt) != saltBytes || len(hash) != hashBytes {
		return encoded{}, errEncoded
	}
	return encoded{salt, hash}, nil
}

func newSalt() []byte {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails (crypto/rand)
	return salt
}

func compute(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, hashBytes)
}

// matches computes the password's hash, and reports whether it is e's.
func (e encoded) matches(password string) bool {
	return subtle.ConstantTimeCompare(compute(password, e.salt), e.hash) == 1
}
