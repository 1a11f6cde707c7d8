package history

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// errAlien says that a key holds what no appender of ours has written there.
var errAlien = errors.New("not an entry of ours")

// key returns the key of a log's sorted set. The braces put a conversation's keys on one node of a cluster.
func key(id protocol.ConversationID, log protocol.LogID) string {
	return "verbatim:{" + string(id) + "}:" + string(log)
}

// isWrongType reports whether Redis refused a call because the key is of another type.
func isWrongType(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") }

// checkEntry returns the seq of what can be an entry of that conversation, or false: JSON on one line, with the first
// fields as protocol.Message writes them.
func checkEntry(wire []byte, id protocol.ConversationID) (protocol.Seq, bool) {
	seq, ok := protocol.EntrySeq(wire)
	if !ok {
		return 0, false
	}
	head := append(make([]byte, 0, 160), `","conversation":"`...)
	head = append(append(head, id...), `","seq":`...)
	head = append(strconv.AppendUint(head, uint64(seq), 10), ',')
	i := bytes.IndexByte(wire[len(`{"type":"`):], '"') + len(`{"type":"`)
	if !bytes.HasPrefix(wire[i:], head) || wire[len(wire)-1] != '}' || bytes.IndexByte(wire, '\n') >= 0 {
		return 0, false
	}
	return seq, jsontext.Value(wire).IsValid()
}
