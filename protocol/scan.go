package protocol

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A value is one field of a JSON object as it stands in the source.
type value struct {
	kind byte   // '"' string, '0' number, 't' true, 'f' false, 'n' null, '{' object, '[' array; 0: absent
	raw  string // the value's own bytes
}

// scanner reads one JSON object (RFC 8259) in one pass. Strings without escapes and numbers, which are all that
// a request is made of, are taken here; whatever else may stand in a field is measured by jsontext.
type scanner struct {
	src string
	at  int
}

// object reads the whole source as one object and calls visit for each of its fields, null ones left out. A name
// that stands twice, anything after the object, and any other fault is an error whose reason is for a person.
func (s *scanner) object(visit func(name string, v value)) *Error {
	s.space()
	if !s.take('{') {
		return BadRequest(`expected a JSON object, like {"type":"send","conversation":"lobby","text":"hi"}`)
	}
	var seen names
	s.space()
	if !s.take('}') {
		for {
			name, err := s.name()
			if err != nil {
				return err
			}
			if !seen.add(name) {
				return Errorf(CodeBadRequest, "the field %.40q stands twice", name)
			}
			v, err := s.value()
			if err != nil {
				return err
			}
			if v.kind != 'n' {
				visit(name, v)
			}
			s.space()
			if s.take(',') {
				continue
			}
			if s.take('}') {
				break
			}
			return s.syntax(fmt.Sprintf("expected , or } after the value of %.40q", name))
		}
	}
	s.space()
	if s.at < len(s.src) {
		return BadRequest("one JSON object at a time: there is more after its }")
	}
	return nil
}

// name reads a field's name and the colon after it.
func (s *scanner) name() (string, *Error) {
	s.space()
	if s.at >= len(s.src) || s.src[s.at] != '"' {
		return "", s.syntax("expected a field's name in double quotes")
	}
	raw, err := s.string()
	if err != nil {
		return "", err
	}
	name, err := unquote(raw)
	if err != nil {
		return "", err
	}
	s.space()
	if !s.take(':') {
		return "", s.syntax("expected : after a field's name")
	}
	return name, nil
}

func (s *scanner) value() (value, *Error) {
	s.space()
	if s.at >= len(s.src) {
		return value{}, s.syntax("the object ends in the middle")
	}
	switch c := s.src[s.at]; {
	case c == '"':
		raw, err := s.string()
		if err == nil && strings.IndexByte(raw, '\\') >= 0 {
			_, err = unquote(raw) // its escapes, whatever the field
		}
		return value{'"', raw}, err
	case '1' <= c && c <= '9':
		start := s.at
		for s.at < len(s.src) && '0' <= s.src[s.at] && s.src[s.at] <= '9' {
			s.at++
		}
		if s.at < len(s.src) && strings.IndexByte(",}] \t\r\n", s.src[s.at]) >= 0 {
			return value{'0', s.src[start:s.at]}, nil
		}
		s.at = start // a fraction, an exponent or a fault: rare, so the library's
	case c == 't' || c == 'f' || c == 'n':
		for _, literal := range [...]string{"true", "false", "null"} {
			if strings.HasPrefix(s.src[s.at:], literal) {
				s.at += len(literal)
				return value{c, literal}, nil
			}
		}
	}
	return s.other()
}

// other measures a value with the library, which is strict: no duplicate names, no lone surrogates.
func (s *scanner) other() (value, *Error) {
	dec := jsontext.NewDecoder(strings.NewReader(s.src[s.at:]))
	raw, err := dec.ReadValue()
	if err != nil {
		return value{}, s.syntax("not valid JSON (names must not repeat within an object, and text must be valid Unicode)")
	}
	if hasNUL(string(raw)) {
		return value{}, s.syntax("U+0000 may not stand in a string")
	}
	end := s.at + int(dec.InputOffset())
	v := value{byte(raw.Kind()), s.src[end-len(raw) : end]}
	s.at = end
	return v, nil
}

// string passes over a string and gives it with its quotes. Escapes are checked when it is unquoted.
func (s *scanner) string() (string, *Error) {
	start := s.at
	for i := s.at + 1; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			s.at = i + 1
			return s.src[start:s.at], nil
		case c == '\\':
			i++
		case c < ' ':
			return "", s.syntax("a control character in a string must be escaped")
		}
	}
	return "", s.syntax("a string has no closing quote")
}

func (s *scanner) space() {
	for s.at < len(s.src) && (s.src[s.at] == ' ' || s.src[s.at] == '\n' || s.src[s.at] == '\t' || s.src[s.at] == '\r') {
		s.at++
	}
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.src) && s.src[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) syntax(what string) *Error {
	return Errorf(CodeBadRequest, "%s, at byte %d", what, s.at)
}

// unquote gives the text of a quoted string. What has no escape is a part of the source, not a copy.
func unquote(raw string) (string, *Error) {
	text := raw[1 : len(raw)-1]
	if strings.IndexByte(text, '\\') < 0 {
		return text, nil
	}
	out, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", BadRequest("a string has a wrong escape, or half of a surrogate pair")
	}
	if strings.IndexByte(string(out), 0) >= 0 {
		return "", BadRequest("U+0000 may not stand in a string")
	}
	return string(out), nil
}

// names remembers an object's field names without allocating for the few that requests have; a client that
// sends thousands of them pays for a map, not for a quadratic search.
type names struct {
	few  [24]string
	n    int
	many map[string]struct{}
}

func (s *names) add(name string) bool {
	for _, have := range s.few[:s.n] {
		if have == name {
			return false
		}
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return true
	}
	if s.many == nil {
		s.many = make(map[string]struct{})
	}
	if _, have := s.many[name]; have {
		return false
	}
	s.many[name] = struct{}{}
	return true
}
