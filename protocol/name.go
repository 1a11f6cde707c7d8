package protocol

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// maxRawName bounds what is looked at: no character's normal form has less than a quarter of its bytes, and the rest is
// room for spaces around it.
const maxRawName = 8 * maxName

// Name returns a user's name in its normal form, which alone is compared and shown: the Nickname profile of PRECIS
// (RFC 8266), 1 to 64 bytes, without blanks and without a mark at its beginning. The normal form of a name in normal form
// is itself. A plain name costs no allocation.
func Name(raw string) (UserID, *Error) {
	switch {
	case len(raw) <= maxName && isPlain(raw):
		return UserID(raw), nil
	case len(raw) > maxRawName:
		return "", Errorf(CodeTooLarge, "a name has at most %d bytes: this one has %d", maxName, len(raw))
	case !utf8.ValidString(raw):
		return "", BadRequest("a name is valid UTF-8: this one is not")
	case strings.TrimFunc(raw, isSpace) == "":
		return "", Errorf(CodeBadRequest, "a name has 1 to %d bytes: this one is empty", maxName)
	}
	name, err := precis.Nickname.String(raw)
	if err != nil {
		return "", refuseName(raw)
	}
	if again, err := precis.Nickname.String(name); err != nil || again != name { // RFC 8266, 2.1: then it is to be rejected
		return "", BadRequest("this name has no normal form (PRECIS, RFC 8266): choose one with plain letters")
	}
	return checkNormal(name)
}

func isSpace(r rune) bool { return unicode.Is(unicode.Zs, r) }

// isPlain reports whether a name is in its normal form as anybody can see: printable ASCII, with single spaces within.
func isPlain(name string) bool {
	space := true
	for i := range len(name) {
		c := name[i]
		if c < ' ' || c > '~' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space
}

// checkNormal is what this contract adds to PRECIS, whose freeform class has symbols and letters that are blank.
func checkNormal(name string) (UserID, *Error) {
	for at, r := range name {
		switch {
		case unicode.Is(blanks, r):
			return "", Errorf(CodeBadRequest, "a name has no characters that nobody can see: leave out %U", r)
		case at == 0 && unicode.Is(unicode.M, r):
			return "", Errorf(CodeBadRequest, "a name does not begin with a mark that is drawn over a letter: leave out %U, "+
				"or what it was made of, or put a letter before it", r)
		}
	}
	switch {
	case name == "":
		return "", Errorf(CodeBadRequest, "a name has 1 to %d bytes: this one is empty", maxName)
	case len(name) > maxName:
		return "", Errorf(CodeTooLarge, "a name has at most %d bytes: this one has %d in its normal form", maxName, len(name))
	}
	return UserID(name), nil
}

// contextual are the characters that PRECIS allows only beside certain others (RFC 5892, appendix A).
var contextual = rangetable.New(0x200c, 0x200d, 0xb7, 0x375, 0x5f3, 0x5f4, 0x30fb,
	0x660, 0x661, 0x662, 0x663, 0x664, 0x665, 0x666, 0x667, 0x668, 0x669,
	0x6f0, 0x6f1, 0x6f2, 0x6f3, 0x6f4, 0x6f5, 0x6f6, 0x6f7, 0x6f8, 0x6f9)

var allowedInNames = precis.Nickname.Allowed()

// refuseName says of a name that PRECIS refuses which character it is about, and what to do.
func refuseName(raw string) *Error {
	normal := norm.NFKC.String(raw)
	for _, r := range normal {
		if !allowedInNames.Contains(r) && !unicode.Is(contextual, r) {
			return refuseCharacter(origin(raw, r))
		}
	}
	return Errorf(CodeBadRequest, "%U may stand in a name only beside letters that need it: leave it out",
		origin(raw, outOfPlace(normal)))
}

// outOfPlace returns the first contextual character of a refused name without which it would be none; where there are
// several of that kind, the first of all.
func outOfPlace(normal string) (first rune) {
	for _, r := range normal {
		if !unicode.Is(contextual, r) {
			continue
		}
		if first == 0 {
			first = r
		}
		// A name is not refused for being empty: an x stands for what is left out of one that is nothing else.
		if _, err := precis.Nickname.String("x" + strings.ReplaceAll(normal, string(r), "")); err == nil {
			return r
		}
	}
	return first
}

// origin is the character of a name that becomes r in the normal form: what was typed.
func origin(raw string, r rune) rune {
	for _, typed := range raw {
		if strings.ContainsRune(norm.NFKC.String(string(typed)), r) {
			return typed
		}
	}
	return r
}

func refuseCharacter(r rune) *Error {
	switch {
	case unseen(r):
		return Errorf(CodeBadRequest, "a name has no characters that nobody can see: leave out %U", r)
	case !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Cf, unicode.Co):
		return Errorf(CodeBadRequest, "%U is no character of Unicode %s, which names are made of here: leave it out",
			r, precis.UnicodeVersion)
	default:
		return Errorf(CodeBadRequest, "%U cannot stand in a name (PRECIS, RFC 8266): leave it out", r)
	}
}
