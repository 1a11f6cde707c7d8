package load

import (
	"context"
	"fmt"
	"sync/atomic"

	"verbatim/client"
	"verbatim/protocol"
)

// member is one socket: a reader, and perhaps a publisher.
type member struct {
	run          *run
	conversation *conversation
	index        int // among all members
	publisher    int // among the conversation's publishers; -1: it is none
	shard        *shard
	client       *client.Client
	ended        chan struct{} // closed when the client's Run has returned
	got          atomic.Uint64 // this run's messages that were delivered here

	// Owned by the client's Handler until the client is closed.
	parser    parser
	seen      []uint32 // by publisher: the number of its newest message
	order     uint64   // a hash of all that was seen, in order
	onJoin    func()   // called at the first join, or if that fails; then nil
	hasJoined bool

	outgoing
}

func newMember(r *run, v *conversation, index int) *member {
	return &member{
		run: r, conversation: v, index: index, publisher: -1, shard: &r.shards[index%shardCount],
		ended: make(chan struct{}), parser: newParser(r.id, v.id),
	}
}

// begin connects the member. It calls onJoin once, when the member has joined or cannot. It returns at once.
func (m *member) begin(onJoin func()) {
	r := m.run
	m.onJoin = onJoin
	unacked := client.DefaultUnacked
	if r.o.Rate == 0 {
		unacked = r.o.Window
	}
	c, err := client.New(client.Options{
		URL: r.o.URL, Name: protocol.UserID(fmt.Sprint("load-", m.index)), Unacked: unacked,
		Joins: []client.Join{{Conversation: m.conversation.id, Limit: client.LiveOnly}},
		Handler: client.Handler{
			Entry: m.entry, Ack: m.ack, Joined: m.joined, Refuse: m.refused, Reset: m.reset, Left: m.left,
			Violation: m.violation, Disconnected: m.disconnected,
		},
	})
	if err != nil {
		r.lastError.Store(&err)
		close(m.ended)
		return
	}
	m.client = c
	go func() { // the member's; ends with close, which waits for it
		defer close(m.ended)
		if err := c.Run(context.Background()); err != client.ErrClosed {
			r.lastError.Store(&err)
			r.violations.add(refusedKind, "socket %d was refused for good: %v", m.index, err)
		}
	}()
}

func (m *member) close() {
	m.client.Close()
	<-m.ended
}

// joinDone ends the first attempt to join.
func (m *member) joinDone() {
	if m.onJoin != nil {
		m.onJoin()
		m.onJoin = nil
	}
}

func (m *member) joined(j client.Joined) {
	if !m.hasJoined {
		m.hasJoined = true
		m.run.joined.Add(1)
	}
	m.joinDone()
	if j.Missed > 0 {
		m.run.violations.add(lostKind, "%s: %d entries after a resumption are no longer kept, at socket %d",
			j.Conversation, j.Missed, m.index)
	}
}

// entry takes one delivery. It allocates nothing.
func (m *member) entry(e *client.Entry) {
	publisher, number, due, ok := m.parser.entry(e.JSON, len(m.seen))
	if !ok {
		return // not of this run
	}
	m.shard.delivered(m.run.now()-due, m.run.measured(due))
	if want := m.seen[publisher] + 1; number != want {
		m.unexpected(e.Seq, publisher, number, want)
	}
	m.seen[publisher] = max(m.seen[publisher], number)
	m.order = m.order*0x9E3779B97F4A7C15 + uint64(e.Seq)<<20 ^ uint64(publisher)<<52 ^ uint64(number)
	m.got.Add(1)
	if publisher == m.publisher {
		m.returned(number, e.Seq)
	}
}

// unexpected notes a message with another number than the next one.
func (m *member) unexpected(seq protocol.Seq, publisher int, number, want uint32) {
	v := m.conversation.id
	if number < want {
		m.run.violations.add(doubledKind, "%s seq %d: message %d of publisher %d came after %d, at socket %d",
			v, seq, number, publisher, want-1, m.index)
		return
	}
	m.run.violations.add(orderKind, "%s seq %d: message %d of publisher %d came where %d was due, at socket %d",
		v, seq, number, publisher, want, m.index)
}

func (m *member) refused(r client.Refusal) {
	m.run.violations.add(refusedKind, "%s: %s of socket %d: %v", r.Conversation, r.ID, m.index, r.Err)
}

func (m *member) reset(r client.Reset) {
	m.run.violations.add(lostKind, "%s: the log %s is gone after seq %d, at socket %d",
		r.Conversation, r.Log, r.Seq, m.index)
}

func (m *member) left(l client.Left) {
	m.run.violations.add(refusedKind, "%s: socket %d was removed: %s %s", l.Conversation, m.index, l.Code, l.Reason)
	m.joinDone()
}

func (m *member) violation(v client.Violation) {
	kind := malformedKind
	switch v.Kind {
	case client.Gap, client.Truncated:
		kind = lostKind
	case client.Repeat:
		kind = doubledKind
	}
	m.run.violations.add(kind, "%s: %s, at socket %d", v.Conversation, v.Detail, m.index)
}

func (m *member) disconnected(d client.Disconnected) {
	m.run.lastError.Store(&d.Err)
	m.joinDone()
}
