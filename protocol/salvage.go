package protocol

import (
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// reread collects the fields of a frame that scan refused but that is a JSON object all the same: with half of a
// surrogate pair, U+0000 or a name that stands twice somewhere. A frame that is no object has no fields.
func (d *decoder) reread(src string) {
	d.fields = [fieldCount + 1]value{}
	dec := jsontext.NewDecoder(strings.NewReader(src), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if start, err := dec.ReadToken(); err != nil || start.Kind() != '{' {
		return
	}
	var fields [fieldCount + 1]value
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return
		}
		field := fieldOf(name.String())
		raw, err := dec.ReadValue()
		if err != nil {
			return
		}
		kind := byte(raw.Kind())
		if fields[field].kind != 0 {
			kind = '?' // which of two is meant cannot be told: neither
		}
		fields[field] = value{kind, string(raw)}
	}
	if _, err := dec.ReadToken(); err != nil {
		return
	}
	if _, err := dec.ReadToken(); err == io.EOF {
		d.fields = fields
	}
}

// salvage gives a request that failed what can be read of the ref, id and conversation, so that whoever sent it knows
// which one it was.
func (d *decoder) salvage(r *Request) {
	read := func(get func()) {
		d.err = nil
		get()
	}
	read(func() { r.Ref = d.id("ref", fieldRef) })
	read(func() { r.Type = Type(d.text("type", fieldType)) })
	switch r.Type {
	case TypeJoin, TypeLeave, TypeSend, TypeHistory, TypeTyping, TypeRead:
		read(func() { d.conversation(r) })
	}
	if r.Type == TypeSend {
		read(func() { r.ID = MessageID(d.id("id", fieldID)) })
	}
}
