package client

import (
	"bytes"
	"math"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// reply is all that the server's objects other than entries may hold.
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

type wireLimits struct {
	Frame        int `json:"frame"`
	Text         int `json:"text"`
	Meta         int `json:"meta"`
	Page         int `json:"page"`
	Joins        int `json:"joins"`
	Names        int `json:"names"`
	Rate         int `json:"rate"`
	IDs          int `json:"ids"`
	WriteTimeout int `json:"write_timeout"`
	Ping         int `json:"ping"`
}

func decode(frame []byte) (reply, error) {
	var r reply
	err := json.Unmarshal(frame, &r)
	return r, err
}

// err is the server's word of an `error`.
func (r *reply) err() *protocol.Error {
	after := time.Duration(min(max(r.RetryAfter, 0), longestWait.Seconds()) * float64(time.Second))
	return &protocol.Error{Code: r.Code, Reason: r.Reason, RetryAfter: after}
}

func (w *wireLimits) limits() Limits {
	s := func(n int) time.Duration { return time.Duration(min(n, math.MaxInt32)) * time.Second }
	return Limits{
		Frame: w.Frame, Text: w.Text, Meta: w.Meta, Page: w.Page, Joins: w.Joins, Names: w.Names, Rate: w.Rate,
		IDs: s(w.IDs), WriteTimeout: s(w.WriteTimeout), Ping: s(w.Ping),
	}
}

func defaultLimits() Limits {
	d := protocol.DefaultLimits()
	return Limits{
		Frame: d.Frame, Text: d.Text, Meta: d.Meta, Page: d.Page, Joins: d.Joins, Names: d.Names, Rate: d.Rate,
		IDs: d.IDs, WriteTimeout: d.WriteTimeout, Ping: d.Ping,
	}
}

var (
	typeField         = []byte(`{"type":"`)
	conversationField = []byte(`,"conversation":"`)
)

// head reads the first two fields of a server's object, which stand in the contract's order: its type, and its
// conversation, nil where another field comes first. ok is false where the object does not begin with a type.
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
