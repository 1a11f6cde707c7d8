package transcript

import (
	"bytes"
	"testing"

	"verbatim/protocol"
)

// FuzzLine: a line that is taken apart is put together again as it was, and none makes the readers fail.
func FuzzLine(f *testing.F) {
	head, sum := AppendLogLine(nil, "lobby", protocol.LogID(bytes.Repeat([]byte("a"), SumLen)), 1)
	m := protocol.Message{Conversation: "lobby", Seq: 1, From: "ann", Time: 1, Text: `"x"`}
	entry, _ := AppendEntryLine(nil, m.AppendJSON(bytes.Repeat([]byte("s"), SaltLen), nil), sum)
	f.Add(bytes.TrimSuffix(head, []byte("\n")))
	f.Add(bytes.TrimSuffix(entry, []byte("\n")))
	f.Add([]byte(`{"type":"message","conversation":"lobby","seq":1,"from":"ann","time":"1970-01-01T00:00:00.000001Z",` +
		`"hash":"0123456789abcdef012345","sum":"0123456789abcdef0123456789abcdef"}  `))
	f.Add([]byte(`{"type":"message","conversation":"lobby","seq":1,"id":"a\"b","from":"ann"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if l, ok := ParseLogLine(line); ok {
			again, _ := AppendLogLine(nil, l.Conversation, l.Log, l.Time)
			if !bytes.Equal(again, append(line, '\n')) {
				t.Errorf("%s is read, and written as %s", line, again)
			}
		}
		_, _, _ = EntryID(line)
		_, _ = EntryTime(line)
		(&Walk{}).Next(line)
		e, ok := ParseEntryLine(line)
		if !ok {
			return
		}
		again, _ := AppendEntryLine(nil, e.AppendWire(bytes.Clone(e.Salt)), protocol.Sum{})
		if n := len(line) - SumLen - 2; !bytes.Equal(again[:n], line[:n]) {
			t.Errorf("%s is read, and written as %s", line, again)
		}
	})
}
