package token

import (
	"bytes"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object's values by their names.
type object map[string]jsontext.Value

// readObject reads one JSON object and nothing after it, or returns false: if it is anything else, if a name stands
// twice in it or in an object within it, or if a string is not valid Unicode.
func readObject(text []byte) (object, bool) {
	d := jsontext.NewDecoder(bytes.NewReader(text)) // strict by default: duplicate names, lone surrogates, UTF-8
	if start, err := d.ReadToken(); err != nil || start.Kind() != '{' {
		return nil, false
	}
	o := object{}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		o[name] = value.Clone()
	}
	if end, err := d.ReadToken(); err != nil || end.Kind() != '}' {
		return nil, false
	}
	_, err := d.ReadToken()
	return o, err == io.EOF
}

// hasOdd reports whether the object has one of the names in other letters: EXP, say, which another reader might take
// for exp.
func (o object) hasOdd(names ...string) bool {
	for have := range o {
		for _, name := range names {
			if have != name && strings.EqualFold(have, name) {
				return true
			}
		}
	}
	return false
}

// text returns a string, and whether it is there; or false if it is something else.
func (o object) text(name string) (text string, there, ok bool) {
	value, there := o[name]
	if !there {
		return "", false, true
	}
	text, ok = asText(value)
	return text, true, ok
}

// optional is text for what may be null as well.
func (o object) optional(name string) (text string, there, ok bool) {
	if o[name].Kind() == 'n' {
		return "", false, true
	}
	return o.text(name)
}

func asText(value jsontext.Value) (string, bool) {
	if value.Kind() != '"' {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err == nil
}

// asTexts returns a list of at most most strings.
func asTexts(value jsontext.Value, most int) ([]string, bool) {
	d := jsontext.NewDecoder(bytes.NewReader(value))
	if start, err := d.ReadToken(); err != nil || start.Kind() != '[' {
		return nil, false
	}
	var texts []string
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil || len(texts) == most {
			return nil, false
		}
		text, ok := asText(value)
		if !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}
