package protocol

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Why a field that a request must have is not what it must be: it is not there, it is null (which is as absent), it is
// of another kind, or it is empty. Whoever wrote the program should not have to guess which.

// lacks refuses a request without a field that it must have, or with one that says nothing. purpose is what it is for.
func (d *decoder) lacks(name string, field int, purpose string) *Error {
	switch {
	case d.fields[field].kind != 0:
		return Errorf(CodeBadRequest, "the field %q is empty: %s", name, purpose)
	case hasNull(d.src, name):
		return Errorf(CodeBadRequest, "the field %q is null, which is as if it were missing: %s", name, purpose)
	default:
		return Errorf(CodeBadRequest, "the field %q is missing: %s", name, purpose)
	}
}

const purposeOfFrom = "it says who the message is from"

// NoFrom refuses the body of a POST, which DecodePost has taken, for want of `from`.
func NoFrom(body []byte) *Error {
	d := decoder{src: string(body)}
	return d.lacks("from", fieldFrom, purposeOfFrom)
}

// hasNull reports whether a JSON object has a field of that name which is null. The scanner passes over those.
func hasNull(src, name string) bool {
	dec := jsontext.NewDecoder(strings.NewReader(src))
	if start, err := dec.ReadToken(); err != nil || start.Kind() != '{' {
		return false
	}
	for dec.PeekKind() == '"' {
		field, err := dec.ReadToken()
		if err != nil {
			return false
		}
		found := field.String() == name
		value, err := dec.ReadValue()
		if err != nil {
			return false
		}
		if found {
			return value.Kind() == 'n'
		}
	}
	return false
}

// isNo refuses a field of another kind than it must be.
func (v value) isNo(kind, name string) *Error {
	return Errorf(CodeBadRequest, "the field %q is %s, and this one is %s", name, kind, v.inWords())
}

func (v value) inWords() string {
	switch v.kind {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return v.raw
	case '{':
		return "an object"
	case '[':
		return "an array"
	default: // of a frame that has it twice, say
		return "something else"
	}
}

// noPost refuses a body that is no JSON object at all, and shows what one looks like.
func noPost(body string) *Error {
	const like = `post a JSON object, like {"from":"bot","text":"hi"}`
	switch body = strings.TrimLeft(body, " \t\r\n"); {
	case body == "":
		return BadRequest("the body is empty: " + like)
	case body[0] == '[':
		return BadRequest("the body is an array, and one message is posted at a time: " + like)
	case body[0] != '{':
		return BadRequest("the body is no JSON object: " + like)
	}
	return nil
}
