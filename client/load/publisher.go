package load

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"verbatim/client"
	"verbatim/protocol"
)

// publishing is a publisher's part. Its messages are numbered 1, 2, 3, …; their acks come in that order, and so do they
// themselves.
type publishing struct {
	mu     sync.Mutex
	sent   uint32 // the number of its newest message
	acked  uint32
	came   uint32 // back to itself
	buffer []byte
	places [placeCount]place
}

// placeCount is for how many of its newest messages a publisher compares the ack's seq with the entry's.
const placeCount = 64

// place is where one message stands, by its ack or by its entry, whichever came first.
type place struct {
	number uint32
	seq    protocol.Seq
}

// publish sends one message that was due at a time; wait: until there is room for it, or ctx ends.
func (m *member) publish(ctx context.Context, due int64, wait bool) error {
	p := &m.publishing
	p.sent++
	b := append(append(p.buffer[:0], m.run.id...), '-')
	b = strconv.AppendInt(b, int64(m.place), 10)
	b = strconv.AppendUint(append(b, '-'), uint64(p.sent), 10)
	b = strconv.AppendInt(append(b, '-'), due, 10)
	p.buffer = b
	message := client.Message{Conversation: m.room.id, ID: protocol.MessageID(b), Text: m.run.text}
	var err error
	if wait {
		p.mu.Unlock() // the pacer alone publishes then; acks need the lock
		_, err = m.client.Send(ctx, message)
		p.mu.Lock()
	} else {
		_, err = m.client.TrySend(message)
	}
	if err != nil {
		p.sent--
	}
	return err
}

// fill publishes as many messages as the window has room for. mu is held.
func (m *member) fill() {
	if m.run.o.Rate > 0 {
		return
	}
	for m.run.publishing.Load() && m.sent-min(m.acked, m.came) < uint32(m.run.o.Window) {
		if err := m.publish(context.Background(), m.run.now(), false); err != nil {
			return // closed, or refused messages have taken the room: judge tells
		}
	}
}

// ack takes one ack.
func (m *member) ack(a client.Ack) {
	rest, ours := strings.CutPrefix(string(a.ID), m.run.id+"-")
	_, number, due, ok := m.parseID([]byte(rest))
	if !ours || !ok {
		return
	}
	m.shard.acknowledged(m.run.now()-due, m.run.counts(due))
	m.room.acked.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if number != m.acked+1 {
		m.run.faults.add(orderKind, "%s: the ack of message %d came where %d was due, at socket %d", m.room.id, number, m.acked+1, m.index)
	}
	m.acked = max(m.acked, number)
	m.stands(number, a.Seq)
	m.fill()
}

// back takes one of its own messages.
func (m *member) back(number uint32, seq protocol.Seq) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.came = max(m.came, number)
	m.stands(number, seq)
	m.fill()
}

// stands holds the seq of an ack and of the entry to each other. mu is held.
func (m *member) stands(number uint32, seq protocol.Seq) {
	p := &m.places[number%placeCount]
	if p.number == number && p.seq != seq {
		m.run.faults.add(orderKind, "%s: message %d stands at seq %d and was acknowledged at another one: %d and %d", m.room.id, number, seq, p.seq, seq)
	}
	*p = place{number, seq}
}

// settled says whether everything that was sent has its ack.
func (m *member) settled() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.acked == m.sent
}
