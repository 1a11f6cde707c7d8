package client

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// Message is a message to send.
//
// With an ID of the caller's, a program may send a message again after a restart: it is recorded once. That holds
// within Limits.IDs of the first time, and without limit if Since is a seq before the message, for example that of the
// entry that it is about. The server looks for the id from Since on; if that is far back it reads the record.
type Message struct {
	Conversation protocol.ConversationID
	ID           protocol.MessageID // at most 64 bytes; empty: the client makes one up
	Text         string             // valid UTF-8, 1 to Limits.Text bytes
	Target       protocol.Seq       // the entry that it answers; 0: none
	Meta         jsontext.Value     // a JSON object of at most Limits.Meta bytes; nil: none
	Since        protocol.Number    // used only with ID; not set: Target, if there is one
}

// callerSince returns from which seq on an earlier client may have sent this message; ok is false if none has.
func (m *Message) callerSince() (since protocol.Number, ok bool) {
	switch {
	case m.ID != "" && m.Since.Set:
		return m.Since, true
	case m.ID != "" && m.Target != 0:
		return protocol.Number{Value: uint64(m.Target), Set: true}, true
	}
	return protocol.Number{}, false
}

// encode returns the message's JSON fields from the text on. It refuses what no reply of the server could be matched
// to: an id that an answer cannot repeat, or a frame that is not JSON, as with a meta nested too deeply; within
// maxMeta bytes no meta is. maxMeta 0 is no limit.
func (m *Message) encode(maxMeta int) ([]byte, error) {
	id := string(m.ID)
	if err := protocol.CheckID("id", id); err != nil {
		return nil, err
	}
	switch {
	case !m.Conversation.Valid():
		return nil, protocol.InvalidConversation(string(m.Conversation))
	case strings.ContainsRune(id, 0):
		return nil, protocol.BadRequest("id has a U+0000, which no error could repeat: leave it out")
	case m.Text == "":
		return nil, protocol.BadRequest("a message's text has at least 1 byte")
	case !utf8.ValidString(m.Text):
		return nil, protocol.BadRequest("a message's text is valid UTF-8: this one is not")
	case maxMeta > 0 && len(m.Meta) > maxMeta:
		return nil, protocol.TooLarge(fmt.Sprintf("meta has at most %d bytes: this one has %d", maxMeta, len(m.Meta)))
	case m.Meta != nil && (!m.Meta.IsValid() || m.Meta.Kind() != '{'):
		return nil, protocol.BadRequest("meta is a JSON object without duplicate names")
	}
	body := make([]byte, 0, len(m.Text)+len(m.Meta)+64)
	body = appendText(body, "text", m.Text)
	if m.Target != 0 {
		body = appendNumber(body, "target", uint64(m.Target))
	}
	if m.Meta != nil {
		body = append(append(body, `,"meta":`...), m.Meta...)
	}
	return body, nil
}
