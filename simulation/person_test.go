package simulation

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"

	"verbatim/protocol"
)

// person is one client. The driver acts for it; its session's writer calls hear.
type person struct {
	p    *people
	ctx  context.Context // of the server's sessions
	name protocol.UserID

	mu     sync.Mutex
	socket *socket // nil: not connected
	joins  map[protocol.ConversationID]*joining
	asked  map[string]asked // by ref: joins and pages that are not answered
	ref    int
	rest   []byte // of an incomplete frame
}

// joining is an accepted join.
type joining struct {
	reading bool         // it gets entries
	next    protocol.Seq // the next entry
}

// asked is a request without an answer.
type asked struct {
	what         string
	conversation protocol.ConversationID
	from         protocol.Seq // where the answer must begin; 0: anywhere
	reading      bool         // a join with entries
}

func (one *person) connected() bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.socket == nil {
		return false
	}
	select {
	case <-one.socket.closed:
		return false
	default:
		return true
	}
}

// connect opens a new connection. The fate of what was under way on the old one is unknown.
func (one *person) connect() {
	one.p.s.w.model.lost(one.name)
	s := newSocket(one.p.s.w, string(one.name))
	one.mu.Lock()
	one.socket, one.rest = s, nil
	one.joins, one.asked = make(map[protocol.ConversationID]*joining), make(map[string]asked)
	one.mu.Unlock()
	s.hear = func(b []byte) { one.hear(s, b) }
	s.got = func(b []byte) { one.got(s, b) }
	one.p.serve(one.ctx, s, one.name)
}

// drop loses the connection.
func (one *person) drop() {
	one.mu.Lock()
	s := one.socket
	one.socket = nil
	one.mu.Unlock()
	if s != nil {
		s.hangUp()
		_ = s.Close() // a socket in memory
	}
	one.p.s.w.model.lost(one.name)
}

func (one *person) say(format string, args ...any) {
	one.mu.Lock()
	s := one.socket
	one.mu.Unlock()
	if s != nil {
		s.say(fmt.Appendf(nil, format, args...))
	}
}

func (one *person) send(msg *message) {
	one.p.s.w.model.sent(msg)
	frame := fmt.Sprintf(`{"type":"send","ref":"%d","conversation":%q,"text":%s`, msg.n, msg.conversation, msg.text)
	if msg.id != "" {
		frame += fmt.Sprintf(`,"id":%q`, msg.id)
	}
	if msg.prev != nil {
		frame += fmt.Sprintf(`,"prev":%q`, msg.prev.id)
	}
	if msg.since.Set {
		frame += fmt.Sprintf(`,"since":%d`, msg.since.Value)
	}
	if msg.target != 0 {
		frame += fmt.Sprintf(`,"target":%d`, msg.target)
	}
	if msg.meta != "" {
		frame += `,"meta":` + msg.meta
	}
	one.say("%s}", frame)
}

// ask makes a ref for a request. mu is held.
func (one *person) ask(a asked) string {
	one.ref++
	ref := "r" + strconv.Itoa(one.ref)
	one.asked[ref] = a
	return ref
}

// join resumes where this person was, or begins near the end, or only follows if it may.
func (one *person) join(id protocol.ConversationID, follow bool) {
	random := one.p.s.w.random
	where := one.p.s.w.model.place(one.name, id)
	one.mu.Lock()
	if one.socket == nil {
		one.mu.Unlock()
		return
	}
	rest := ""
	from := protocol.Seq(0)
	follow = follow && random.IntN(8) == 0
	switch {
	case follow:
		rest = `,"messages":false`
	case where.log != "" && random.IntN(4) > 0:
		from = where.at + 1
		if random.IntN(3) == 0 { // from further back
			from = protocol.Seq(1 + random.IntN(int(where.at)+1))
		}
		rest = fmt.Sprintf(`,"after":%d,"log":%q`, from-1, where.log)
	default:
		rest = fmt.Sprintf(`,"limit":%d`, random.IntN(60))
	}
	ref := one.ask(asked{"join", id, from, !follow})
	one.mu.Unlock()
	one.say(`{"type":"join","ref":%q,"conversation":%q%s}`, ref, id, rest)
}

func (one *person) reads(id protocol.ConversationID) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	c := one.joins[id]
	return c != nil && c.reading
}

func (one *person) leave(id protocol.ConversationID) {
	one.mu.Lock()
	there := one.joins[id] != nil
	one.mu.Unlock()
	if there {
		one.say(`{"type":"leave","conversation":%q}`, id)
	}
}

func (one *person) history(id protocol.ConversationID) {
	last := one.p.s.w.model.last(id)
	if last == 0 {
		return
	}
	after := protocol.Seq(one.p.s.w.random.IntN(int(last)))
	one.mu.Lock()
	if one.socket == nil {
		one.mu.Unlock()
		return
	}
	ref := one.ask(asked{"history", id, after + 1, false})
	one.mu.Unlock()
	one.say(`{"type":"history","ref":%q,"conversation":%q,"after":%d,"limit":%d}`, ref, id, after,
		1+one.p.s.w.random.IntN(100))
}

func (one *person) mark(id protocol.ConversationID) {
	last := one.p.s.w.model.last(id)
	if last == 0 || !one.reads(id) {
		return
	}
	seq := protocol.Seq(1 + one.p.s.w.random.IntN(int(last)))
	one.p.s.w.model.marks(one.name, id, seq)
	one.say(`{"type":"read","conversation":%q,"seq":%d}`, id, seq)
}

// frames calls visit with each complete frame, and returns the rest.
func frames(b []byte, visit func(opcode byte, payload []byte)) (rest []byte) {
	for len(b) >= 2 {
		n, head := int(b[1]), 2
		switch {
		case n == 126 && len(b) >= 4:
			n, head = int(binary.BigEndian.Uint16(b[2:])), 4
		case n == 127 && len(b) >= 10:
			n, head = int(binary.BigEndian.Uint64(b[2:])), 10
		case n >= 126:
			return b
		}
		if len(b) < head+n {
			return b
		}
		visit(b[0], b[head:head+n])
		b = b[head+n:]
	}
	return b
}

// hear takes what the server writes: it has said it, whether it comes over or not.
func (one *person) hear(s *socket, b []byte) {
	if one.p.s.w.model.dead.Load() {
		return
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.socket != s {
		return // it goes into a connection that is lost
	}
	one.rest = frames(append(one.rest, b...), func(opcode byte, payload []byte) {
		if opcode != 0x81 {
			return
		}
		if one.p.s.w.tracing {
			one.p.s.w.trace("%s hears %.100s #%x", one.name, payload, crc32.ChecksumIEEE(payload))
		}
		var o said
		if err := json.Unmarshal(payload, &o); err != nil {
			one.p.s.w.fail("%s hears %.200s: %v", one.name, payload, err)
			return
		}
		one.heard(&o, payload)
	})
}

// heard takes one object. mu is held.
func (one *person) heard(o *said, payload []byte) {
	m, id := one.p.s.w.model, protocol.ConversationID(o.Conversation)
	c := one.joins[id]
	switch o.Type {
	case "message":
		m.saw(string(one.name), id, o.Seq, string(payload))
		if c == nil || !c.reading || o.Seq != c.next {
			one.p.s.w.fail("%s got entry %d of %s, and is at %+v", one.name, o.Seq, id, c)
			return
		}
		c.next++
	case "ack", "error":
		if n, err := strconv.Atoi(o.Ref); err == nil {
			a := ack{seq: o.Seq, duplicate: o.Duplicate}
			a.time, _ = protocol.ParseTime(o.Time)
			copy(a.sum[:], o.Sum)
			m.answered(id, one.name, n, a, protocol.Code(o.Code))
			return
		}
		a := one.asked[o.Ref]
		if o.Code != string(protocol.CodeUnavailable) && o.Code != string(protocol.CodeNotJoined) {
			one.p.s.w.fail("%s asked for %+v, and was refused as %s: %s", one.name, a, o.Code, o.Reason)
		}
	case "joined":
		a := one.asked[o.Ref]
		if a.from != 0 && o.First != a.from || o.First > o.Last+1 {
			one.p.s.w.fail("%s joined %s from %d on, and it begins at %d and ends at %d",
				one.name, id, a.from, o.First, o.Last)
		}
		one.joins[id] = &joining{a.reading, o.First}
		delete(one.asked, o.Ref)
		m.placed(one.name, id, place{o.First - 1, protocol.LogID(o.Log)}, true)
	case "left":
		delete(one.joins, id)
	case "history":
		a := one.asked[o.Ref]
		for i, wire := range o.Messages {
			seq, _ := protocol.EntrySeq(wire)
			if seq != a.from+protocol.Seq(i) {
				one.p.s.w.fail("%s asked for a page of %s from %d on, and its entry %d is %d",
					one.name, id, a.from, i+1, seq)
			}
			m.saw(string(one.name), id, seq, string(wire))
		}
		if len(o.Messages) == 0 {
			one.p.s.w.fail("%s asked for a page of %s from %d on, and it is empty", one.name, id, a.from)
		}
	}
}

// got takes what the server wrote, when the driver delivers it.
func (one *person) got(s *socket, b []byte) {
	one.mu.Lock()
	current := one.socket == s
	one.mu.Unlock()
	if !current {
		return
	}
	frames(b, func(opcode byte, payload []byte) {
		switch opcode {
		case 0x81:
			if seq, ok := protocol.EntrySeq(payload); ok {
				var o said
				_ = json.Unmarshal(payload, &o) // hear reports the error
				one.p.s.w.model.placed(one.name, protocol.ConversationID(o.Conversation), place{at: seq}, false)
			}
		case 0x88:
			s.hangUp()
		case 0x89:
			s.frame(0x8a, payload)
		}
	})
}
