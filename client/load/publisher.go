package load

import (
	"context"
	"strings"
	"sync"

	"verbatim/client"
	"verbatim/protocol"
)

// outgoing is what a member knows as a publisher. Its messages are numbered 1, 2, 3, …; their acks come in that order,
// and so do their entries.
type outgoing struct {
	mu     sync.Mutex // guards the rest
	sent   uint32     // the number of its newest message
	acked  uint32     // the greatest number with an ack
	back   uint32     // the greatest number that was delivered to the publisher itself
	buffer []byte
	seqs   [seqCount]numberedSeq
}

// seqCount is for how many of its newest messages a publisher compares the seq of the ack with that of the entry.
const seqCount = 64

// numberedSeq is the seq of a message, from its ack or its entry, whichever came first.
type numberedSeq struct {
	number uint32
	seq    protocol.Seq
}

// publish sends one message that was due at a time, in ns since start. If wait is set it waits for room in the
// outbox, at most until ctx ends. mu is held, and released while it waits.
func (m *member) publish(ctx context.Context, due int64, wait bool) error {
	m.sent++
	m.buffer = appendID(m.buffer[:0], m.run.id, m.publisher, m.sent, due)
	message := client.Message{
		Conversation: m.conversation.id, ID: protocol.MessageID(m.buffer), Text: m.run.text,
	}
	var err error
	if wait {
		m.mu.Unlock() // only the pacer publishes then; acks need the lock
		_, err = m.client.Send(ctx, message)
		m.mu.Lock()
	} else {
		_, err = m.client.TrySend(message)
	}
	if err != nil {
		m.sent--
	}
	return err
}

// fill publishes as many messages as the window has room for. mu is held.
func (m *member) fill() {
	if m.run.o.Rate > 0 {
		return
	}
	for m.run.publishing.Load() && m.sent-min(m.acked, m.back) < uint32(m.run.o.Window) {
		if err := m.publish(context.Background(), m.run.now(), false); err != nil {
			return // closed, or refused messages have taken the room: check reports them
		}
	}
}

// ack takes one ack.
func (m *member) ack(a client.Ack) {
	rest, own := strings.CutPrefix(string(a.ID), m.run.id+"-")
	_, number, due, ok := parseID([]byte(rest), len(m.seen))
	if !own || !ok {
		return
	}
	m.shard.acknowledged(m.run.now()-due, m.run.measured(due))
	m.conversation.acked.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if number != m.acked+1 {
		m.run.violations.add(orderKind, "%s: the ack of message %d came where %d was due, at socket %d",
			m.conversation.id, number, m.acked+1, m.index)
	}
	m.acked = max(m.acked, number)
	m.checkSeq(number, a.Seq)
	m.fill()
}

// returned takes one of the publisher's own messages.
func (m *member) returned(number uint32, seq protocol.Seq) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.back = max(m.back, number)
	m.checkSeq(number, seq)
	m.fill()
}

// checkSeq compares the seq of a message's ack with that of its entry. mu is held.
func (m *member) checkSeq(number uint32, seq protocol.Seq) {
	p := &m.seqs[number%seqCount]
	if p.number == number && p.seq != seq {
		m.run.violations.add(orderKind,
			"%s: message %d stands at seq %d and was acknowledged at another one: %d and %d",
			m.conversation.id, number, seq, p.seq, seq)
	}
	*p = numberedSeq{number, seq}
}

// allAcked reports whether every message has an ack.
func (m *member) allAcked() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.acked == m.sent
}
