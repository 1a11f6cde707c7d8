package load

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	"verbatim/client"
	"verbatim/protocol"
)

// member is one socket: a reader, and maybe a publisher.
type member struct {
	run    *run
	room   *room
	index  int // among all members
	place  int // among the room's publishers; -1: it is none
	shard  *shard
	client *client.Client
	ended  chan struct{} // closed when the client's Run has returned
	got    atomic.Uint64 // this run's messages that were delivered here

	// Owned by the client's Handler until the client is closed.
	seqAt  int      // where an entry's seq begins
	prefix []byte   // what an entry of this run has between its seq and the publisher's number
	seen   []uint32 // by publisher: the number of its newest message
	order  uint64   // a hash of all that was seen, in order
	in     func()   // to be called at the first join, or when that does not come; nil afterwards
	here   bool     // it has joined

	publishing
}

func newMember(r *run, room *room, index int) *member {
	return &member{
		run: r, room: room, index: index, place: -1, shard: &r.shards[index%shardCount],
		ended: make(chan struct{}), prefix: []byte(`,"id":"` + r.id + "-"),
		seqAt: len(`{"type":"message","conversation":"`) + len(room.id) + len(`","seq":`),
	}
}

// begin connects the member; in is called once, when it has joined, or when it cannot.
func (m *member) begin(in func()) {
	r := m.run
	m.in = in
	unacked := client.DefaultUnacked
	if r.o.Rate == 0 {
		unacked = r.o.Window
	}
	c, err := client.New(client.Options{
		URL: r.o.URL, Name: protocol.UserID(fmt.Sprint("load-", m.index)), Unacked: unacked,
		Joins: []client.Join{{Conversation: m.room.id, Limit: client.LiveOnly}},
		Handler: client.Handler{
			Entry: m.entry, Ack: m.ack, Joined: m.joined, Refuse: m.refused, Reset: m.reset, Left: m.left,
			Violation: m.violation, Disconnected: m.disconnected,
		},
	})
	if err != nil {
		r.why.Store(&err)
		close(m.ended)
		return
	}
	m.client = c
	go func() { // the member's; ends with close, which waits for it
		defer close(m.ended)
		if err := c.Run(context.Background()); err != client.ErrClosed {
			r.why.Store(&err)
			r.faults.add(refusedKind, "socket %d was refused for good: %v", m.index, err)
		}
	}()
}

func (m *member) close() {
	m.client.Close()
	<-m.ended
}

func (m *member) entered() {
	if m.in != nil {
		m.in()
		m.in = nil
	}
}

func (m *member) joined(j client.Joined) {
	if !m.here {
		m.here = true
		m.run.joined.Add(1)
	}
	m.entered()
	if j.Missed > 0 {
		m.run.faults.add(lostKind, "%s: %d entries after a resumption are no longer kept, at socket %d", j.Conversation, j.Missed, m.index)
	}
}

// entry takes one delivery. It allocates nothing.
func (m *member) entry(e *client.Entry) {
	publisher, number, due, ok := m.parse(e.JSON)
	if !ok {
		return // not of this run
	}
	now := m.run.now()
	m.shard.delivered(now-due, m.run.counts(due))
	if want := m.seen[publisher] + 1; number != want {
		m.disorder(e.Seq, publisher, number, want)
	}
	m.seen[publisher] = max(m.seen[publisher], number)
	m.order = m.order*0x9E3779B97F4A7C15 + uint64(e.Seq)<<20 ^ uint64(publisher)<<52 ^ uint64(number)
	m.got.Add(1)
	if publisher == m.place {
		m.back(number, e.Seq)
	}
}

func (m *member) disorder(seq protocol.Seq, publisher int, number, want uint32) {
	if number < want {
		m.run.faults.add(doubledKind, "%s seq %d: message %d of publisher %d came after %d, at socket %d", m.room.id, seq, number, publisher, want-1, m.index)
		return
	}
	m.run.faults.add(orderKind, "%s seq %d: message %d of publisher %d came where %d was due, at socket %d", m.room.id, seq, number, publisher, want, m.index)
}

// parse reads a message's id off an entry: publisher, number, and when it was due. The id stands right behind the seq,
// so that nothing need be searched for; what has none, or another run's, is not of this run.
func (m *member) parse(entry []byte) (publisher int, number uint32, due int64, ok bool) {
	i := m.seqAt
	for i < len(entry) && '0' <= entry[i] && entry[i] <= '9' {
		i++
	}
	if i >= len(entry) || !bytes.HasPrefix(entry[i:], m.prefix) {
		return 0, 0, 0, false
	}
	return m.parseID(entry[i+len(m.prefix):])
}

// parseID reads what stands behind the run in a message's id.
func (m *member) parseID(rest []byte) (publisher int, number uint32, due int64, ok bool) {
	p, rest := digits(rest)
	n, rest := digits(rest)
	d, _ := digits(rest)
	return int(p), uint32(n), d, p >= 0 && p < int64(len(m.seen)) && n > 0
}

// digits reads a number and passes over the byte after it.
func digits(b []byte) (n int64, rest []byte) {
	for i, c := range b {
		if c < '0' || c > '9' {
			return n, b[i+1:]
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

func (m *member) refused(r client.Refusal) {
	m.run.faults.add(refusedKind, "%s: %s of socket %d: %v", r.Conversation, r.ID, m.index, r.Err)
}

func (m *member) reset(r client.Reset) {
	m.run.faults.add(lostKind, "%s: the log %s is gone after seq %d, at socket %d", r.Conversation, r.Log, r.Seq, m.index)
}

func (m *member) left(l client.Left) {
	m.run.faults.add(refusedKind, "%s: socket %d was sent away: %s %s", l.Conversation, m.index, l.Code, l.Reason)
	m.entered()
}

func (m *member) violation(v client.Violation) {
	kind := map[client.ViolationKind]string{client.Gap: lostKind, client.Truncated: lostKind, client.Repeat: doubledKind}[v.Kind]
	if kind == "" {
		kind = garbledKind
	}
	m.run.faults.add(kind, "%s: %s, at socket %d", v.Conversation, v.Detail, m.index)
}

func (m *member) disconnected(d client.Disconnected) {
	m.run.why.Store(&d.Err)
	m.entered()
}
