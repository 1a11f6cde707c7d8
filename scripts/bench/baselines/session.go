package main

import (
	"bytes"
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// session is the reading half of one connection.
type session struct {
	member member
	name   []byte
	joined []*room
}

// run welcomes, and then reads until the connection ends.
func (s *session) run(ws *websocket.Conn, r *http.Request) {
	query := r.URL.Query()
	s.name = []byte(query.Get("name"))
	s.say(`{"type":"welcome","session":"baseline","user":"` + string(s.name) +
		`","version":"baseline","now":"","limits":{"frame":131072,"text":16384,"meta":4096,"page":262144,` +
		`"joins":1000,"names":200,"rate":0,"ids":600,"write_timeout":30,"ping":30}}`)
	for _, conversation := range query["join"] {
		s.join([]byte(conversation), nil)
	}
	defer func() {
		for _, room := range s.joined {
			room.leave(s.member)
		}
	}()
	for {
		_, frame, err := ws.Read(context.Background())
		if err != nil {
			return
		}
		s.hear(frame)
	}
}

func (s *session) say(object string) { s.member.put(s.member.prepare([]byte(object))) }

func (s *session) join(conversation, ref []byte) {
	room := roomOf(conversation)
	s.joined = append(s.joined, room)
	room.join(s.member, conversation, ref)
}

func (s *session) hear(frame []byte) {
	conversation := field(frame, `"conversation":"`)
	switch string(field(frame, `"type":"`)) {
	case "send":
		id, text, ref := field(frame, `"id":"`), field(frame, `"text":"`), field(frame, `"ref":"`)
		roomOf(conversation).publish(s.member, conversation, id, s.name, text, ref)
	case "join":
		s.join(conversation, field(frame, `"ref":"`))
	case "leave":
		roomOf(conversation).leave(s.member)
		s.say(`{"type":"left","conversation":"` + string(conversation) + `"}`)
	case "ping":
		s.say(`{"type":"pong"}`)
	}
}

// field gives a string as it stands in the JSON, still escaped. A quotation mark within a string is escaped, so no text
// can look like a name.
func field(frame []byte, name string) []byte {
	_, rest, ok := bytes.Cut(frame, []byte(name))
	if !ok {
		return nil
	}
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			return rest[:i]
		}
	}
	return nil
}
