package transcript

import (
	"bytes"

	"verbatim/protocol"
)

// EntryID reads the id and the author off an entry's line, and reports whether it has an id. Both may be parts of the
// line.
func EntryID(line []byte) (id, author []byte, ok bool) {
	const seqKey, idKey, fromKey = `,"seq":`, `,"id":`, `,"from":`
	i := bytes.Index(line[:min(len(line), 256)], []byte(seqKey))
	if i < 0 {
		return nil, nil, false
	}
	rest := line[i+len(seqKey):]
	for len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' {
		rest = rest[1:]
	}
	if !bytes.HasPrefix(rest, []byte(idKey)) {
		return nil, nil, false
	}
	id, rest, ok = cutPlain(rest[len(idKey):])
	if ok && bytes.HasPrefix(rest, []byte(fromKey)) {
		if author, _, ok = cutPlain(rest[len(fromKey):]); ok {
			return id, author, true
		}
	}
	m, err := protocol.ParseMessage(line)
	return []byte(m.ID), []byte(m.From), err == nil && m.ID != ""
}

// cutPlain takes a JSON string without escapes off the front.
func cutPlain(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return b[1:i], b[i+1:], true
		case '\\':
			return nil, b, false
		}
	}
	return nil, b, false
}
