package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"verbatim/promises"
	"verbatim/protocol"
)

// session is one connection, used by one goroutine. Whatever it sends, is told and sees it tells the checker.
type session struct {
	t      *traffic
	conn   *websocket.Conn
	name   string
	faults int   // how many faults there had been when it was dialed
	fences int   // the same of fences
	broke  error // why nothing more could be read; nil: it could
}

// frame is what a drill needs of the server's objects.
type frame struct {
	Type         string                  `json:"type"`
	Ref          string                  `json:"ref"`
	Conversation protocol.ConversationID `json:"conversation"`
	ID           protocol.MessageID      `json:"id"`
	Seq          protocol.Seq            `json:"seq"`
	Time         string                  `json:"time"`
	Sum          string                  `json:"sum"`
	Duplicate    bool                    `json:"duplicate"`
	Code         protocol.Code           `json:"code"`
	Reason       string                  `json:"reason"`
	Log          protocol.LogID          `json:"log"`
	First        protocol.Seq            `json:"first"`
	Last         protocol.Seq            `json:"last"`
	Text         string                  `json:"text"`
}

// dialLimit bounds a connection's making, and replyLimit the waiting for a reply: a server that is late for them
// under a fault has stopped, for all that its clients can tell.
const (
	dialLimit  = 30 * time.Second
	replyLimit = 60 * time.Second
	writeLimit = 3 * time.Minute // there are slow writers
)

// dial connects under a name and takes the welcome.
func (t *traffic) dial(ctx context.Context, user string) (*session, error) {
	faults, fences := t.now()
	limited, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	address := "ws://" + t.s.addr + "/ws?name=" + url.QueryEscape(user)
	conn, _, err := websocket.Dial(limited, address, &websocket.DialOptions{HTTPClient: t.http})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1)
	s := &session{t: t, conn: conn, name: t.newName(user), faults: faults, fences: fences}
	_, raw, err := conn.Read(limited)
	var f frame
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	if err == nil && f.Type != "welcome" {
		err = fmt.Errorf("no welcome: %.300s", raw)
	}
	if err == nil && !t.tell(s, promises.Event{Kind: promises.Open, User: protocol.UserID(user)}) {
		err = errFenced
	}
	if err != nil {
		_ = conn.CloseNow()
		return nil, err
	}
	return s, nil
}

// errFenced ends a session of before a power cut: what comes over it then counts no more.
var errFenced = errors.New("a power cut began")

// say tells the checker what is about to be sent, and sends it.
func (s *session) say(e promises.Event, request string) error {
	if !s.t.tell(s, e) {
		return errFenced
	}
	return s.write(request)
}

func (s *session) write(request string) error {
	ctx, cancel := context.WithTimeout(s.t.ctx, writeLimit)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, []byte(request))
}

func (s *session) join(conversation protocol.ConversationID, after int64, log protocol.LogID) error {
	request := fmt.Sprintf(`{"type":"join","conversation":"%s"`, conversation)
	if after >= 0 {
		request += fmt.Sprintf(`,"after":%d`, after)
	} else {
		request += `,"limit":0`
	}
	if log != "" {
		request += `,"log":"` + string(log) + `"`
	}
	return s.say(promises.Event{Kind: promises.Join, Conversation: conversation, After: after}, request+"}")
}

// next is the next frame of which the checker must know, and it does when next returns.
func (s *session) next(ctx context.Context) (frame, error) {
	for {
		_, raw, err := s.conn.Read(ctx)
		if err != nil {
			s.broke = err
			return frame{}, err
		}
		f, quick := quickly(raw)
		if quick && s.t.entry != nil {
			s.t.entry(raw)
		}
		if !quick {
			if err := json.Unmarshal(raw, &f); err != nil {
				return f, fmt.Errorf("a frame that is no JSON: %.200q", raw)
			}
		}
		e := promises.Event{Conversation: f.Conversation, ID: f.ID}
		switch f.Type {
		case "message":
			e = promises.Event{Kind: promises.Saw, Conversation: f.Conversation, Raw: string(raw)}
		case "ack":
			e.Kind, e.Seq, e.Time, e.Sum, e.Duplicate = promises.Ack, f.Seq, f.Time, f.Sum, f.Duplicate
		case "joined":
			e.Kind, e.Log, e.First, e.Last = promises.Joined, f.Log, f.First, f.Last
		case "error":
			e.Kind, e.Code, e.Reason = promises.Refused, f.Code, f.Reason
		default: // presence and the like
			continue
		}
		if !s.t.tell(s, e) {
			return f, errFenced
		}
		return f, nil
	}
}

// quickly reads of an entry what a reader needs, where it stands as the contract says: a crowd of readers gets
// hundreds of thousands. Whatever looks different is read in full.
func quickly(raw []byte) (f frame, ok bool) {
	const head, middle = `{"type":"message","conversation":"`, `","seq":`
	rest, ok := bytes.CutPrefix(raw, []byte(head))
	if !ok {
		return f, false
	}
	conversation, rest, ok := bytes.Cut(rest, []byte(middle))
	if !ok || bytes.IndexByte(conversation, '"') >= 0 {
		return f, false
	}
	n := 0
	for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
		f.Seq = f.Seq*10 + protocol.Seq(rest[n]-'0')
		n++
	}
	f.Type, f.Conversation = "message", protocol.ConversationID(conversation)
	return f, n > 0 && n < 17
}

// end closes the connection without a close frame, as a lost network does. why excuses it; "": what has befallen the
// server since it was dialed does, or nothing.
func (s *session) end(why string) {
	_ = s.conn.CloseNow() // it may be broken already
	if why == "" {
		why = s.t.excuse(s)
	}
	if s.t.tell(s, promises.Event{Kind: promises.Lost, Reason: why}) && why == "" {
		user, _, _ := strings.Cut(s.name, "#")
		s.t.r.note("%s lost its connection: %v; the server says of it: %s",
			s.name, s.broke, s.t.s.output.linesWith(user+" "))
	}
}
