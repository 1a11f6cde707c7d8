package main

import (
	"slices"
	"strconv"
	"sync"
)

// member is one connection, as the rooms see it. put never blocks; what it is given is not changed any more.
type member interface {
	put(prepared []byte)
	prepare(payload []byte) []byte // what put takes, made once for all members of a kind
}

// room is one conversation.
type room struct {
	mu      sync.Mutex
	seq     int64
	members []member
}

var (
	roomsMu sync.Mutex
	rooms   = map[string]*room{}
)

func roomOf(conversation []byte) *room {
	roomsMu.Lock()
	defer roomsMu.Unlock()
	r := rooms[string(conversation)]
	if r == nil {
		r = &room{}
		rooms[string(conversation)] = r
	}
	return r
}

// join puts `joined` before every message that the member gets.
func (r *room) join(m member, conversation, ref []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.members, m) {
		r.members = append(r.members, m)
	}
	b := append([]byte(`{"type":"joined","conversation":"`), conversation...)
	b = append(b, `","log":"baseline","first":`...)
	b = strconv.AppendInt(b, r.seq+1, 10)
	b = append(b, `,"last":`...)
	b = strconv.AppendInt(b, r.seq, 10)
	b = append(b, `,"online":[],"count":`...)
	b = strconv.AppendInt(b, int64(len(r.members)), 10)
	b = append(b, `,"reads":{}`...)
	m.put(m.prepare(closeWith(b, ref)))
}

func (r *room) leave(m member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.members, m); i >= 0 {
		last := len(r.members) - 1
		r.members[i] = r.members[last]
		r.members = slices.Delete(r.members, last, last+1)
	}
}

// publish gives a message its seq, gives it to all members, and acks it.
func (r *room) publish(author member, conversation, id, from, text, ref []byte) {
	const time = `,"time":"2026-01-01T00:00:00.000000Z"`
	b := append(make([]byte, 0, 192+len(text)), `{"type":"message","conversation":"`...)
	b = append(append(b, conversation...), `","seq":`...)
	r.mu.Lock()
	r.seq++
	seq := r.seq
	b = strconv.AppendInt(b, seq, 10)
	if id != nil {
		b = append(append(append(b, `,"id":"`...), id...), '"')
	}
	b = append(append(append(b, `,"from":"`...), from...), '"')
	b = append(append(append(b, time...), `,"text":"`...), text...)
	prepared := author.prepare(append(b, '"', '}'))
	for _, m := range r.members {
		m.put(prepared)
	}
	r.mu.Unlock()

	b = append(make([]byte, 0, 192), `{"type":"ack"`...)
	if id != nil {
		b = append(append(append(b, `,"id":"`...), id...), '"')
	}
	b = append(append(append(b, `,"conversation":"`...), conversation...), `","seq":`...)
	b = append(strconv.AppendInt(b, seq, 10), time...)
	author.put(author.prepare(closeWith(append(b, `,"sum":"baseline"`...), ref)))
}

func closeWith(b, ref []byte) []byte {
	if ref != nil {
		b = append(append(append(b, `,"ref":"`...), ref...), '"')
	}
	return append(b, '}')
}
