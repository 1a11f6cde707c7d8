package client

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// reply has every field of the server's objects, entries excepted.
type reply struct {
	Type         string                           `json:"type"`
	Ref          string                           `json:"ref"`
	Conversation protocol.ConversationID          `json:"conversation"`
	ID           protocol.MessageID               `json:"id"`
	Seq          protocol.Seq                     `json:"seq"`
	Time         string                           `json:"time"`
	Sum          string                           `json:"sum"`
	Duplicate    bool                             `json:"duplicate"`
	Code         protocol.Code                    `json:"code"`
	Reason       string                           `json:"reason"`
	RetryAfter   float64                          `json:"retry_after"`
	Session      string                           `json:"session"`
	User         protocol.UserID                  `json:"user"`
	Version      string                           `json:"version"`
	Limits       wireLimits                       `json:"limits"`
	Log          protocol.LogID                   `json:"log"`
	First        protocol.Seq                     `json:"first"`
	Last         protocol.Seq                     `json:"last"`
	Read         protocol.Seq                     `json:"read"`
	Online       []protocol.UserID                `json:"online"`
	Count        int                              `json:"count"`
	Reads        map[protocol.UserID]protocol.Seq `json:"reads"`
	Event        string                           `json:"event"`
	Messages     []jsontext.Value                 `json:"messages"`
	More         bool                             `json:"more"`
}

// maxRetryAfter bounds the wait that a server may ask for.
const maxRetryAfter = 10 * time.Minute

func decode(frame []byte) (reply, error) {
	var r reply
	err := json.Unmarshal(frame, &r)
	return r, err
}

// err returns the error in a reply of type "error".
func (r *reply) err() *protocol.Error {
	after := time.Duration(min(max(r.RetryAfter, 0), maxRetryAfter.Seconds()) * float64(time.Second))
	return &protocol.Error{Code: r.Code, Reason: r.Reason, RetryAfter: after}
}

var (
	typeField         = []byte(`{"type":"`)
	conversationField = []byte(`,"conversation":"`)
)

// head reads the first two fields of a server's object, which the contract puts in this order: the type and the
// conversation, which is nil if another field is second. ok is false if the object does not begin with a type.
func head(frame []byte) (kind, conversation []byte, ok bool) {
	rest, ok := bytes.CutPrefix(frame, typeField)
	if !ok {
		return nil, nil, false
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return nil, nil, false
	}
	kind, rest = rest[:end], rest[end+1:]

	if rest, ok = bytes.CutPrefix(rest, conversationField); ok {
		if end = bytes.IndexByte(rest, '"'); end >= 0 {
			conversation = rest[:end]
		}
	}
	return kind, conversation, true
}
