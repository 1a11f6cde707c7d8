package permissions

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"verbatim/protocol"
)

// Rules are what a rules file says. They must not be changed once they were parsed.
type Rules struct {
	name  string
	allow []rule
}

// rule is one [[allow]] of a rules file.
type rule struct {
	line   int // of [[allow]], from 1
	who    []who
	grants Grants
}

// who is one entry of a rule's who.
type who struct {
	kind  whoKind
	value string
}

type whoKind uint8

const (
	whoAnybody whoKind = iota // *
	whoGuest                  // guest
	whoUser                   // user:NAME
	whoKey                    // key:NAME
	whoGroup                  // group:NAME
)

func parseWho(text string) (who, error) {
	switch text {
	case "*":
		return who{kind: whoAnybody}, nil
	case "guest":
		return who{kind: whoGuest}, nil
	}
	kind, name, _ := strings.Cut(text, ":")
	if name == "" {
		return who{}, notWho(text)
	}
	switch kind {
	case "user":
		if normal, refused := protocol.Name(name); refused != nil {
			return who{}, fmt.Errorf("%q: %s", text, refused.Reason)
		} else if string(normal) != name {
			return who{}, fmt.Errorf("%q: this name is %q in its normal form: write that", text, normal)
		}
		return who{kind: whoUser, value: name}, nil
	case "key":
		return who{kind: whoKey, value: text}, nil // a key's user has the prefix too
	case "group":
		return who{kind: whoGroup, value: name}, nil
	}
	return who{}, notWho(text)
}

func notWho(text string) error {
	if text == "" {
		return errors.New("an entry of who is empty")
	}
	return fmt.Errorf("%q says nobody: write *, guest, user:NAME, key:NAME or group:NAME", text)
}

// String returns the entry as it was written.
func (w who) String() string {
	switch w.kind {
	case whoAnybody:
		return "*"
	case whoGuest:
		return "guest"
	case whoUser:
		return "user:" + w.value
	case whoGroup:
		return "group:" + w.value
	case whoKey:
	}
	return w.value
}

// takes reports whether the entry means the subject.
func (w who) takes(s *Subject) bool {
	switch w.kind {
	case whoAnybody:
		return true
	case whoGuest:
		return s.Kind == Guest
	case whoUser:
		return s.Kind == User && string(s.User) == w.value
	case whoKey:
		return s.Kind == Key && string(s.User) == w.value
	case whoGroup:
		return slices.Contains(s.Groups, w.value)
	}
	return false
}

// taking returns the rule's first entry that means the subject, or false.
func (r *rule) taking(s *Subject) (at int, ok bool) {
	for i := range r.who {
		if r.who[i].takes(s) {
			return i, true
		}
	}
	return 0, false
}
