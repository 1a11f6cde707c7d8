package session

import (
	"io"
	"strconv"
	"testing"

	"verbatim/persistence"
	"verbatim/protocol"
)

// One send of a session that has not joined, until its ack has come. The record is on the real disk, so the time is
// mostly that of its sync; the allocations are the server's, with two of the benchmark for the frame that it writes.
func BenchmarkSendToAck(b *testing.B) {
	r := open(b, nil)
	c := r.dialRaw("ann")
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		c.write(`{"type":"send","conversation":"lobby","id":"` + strconv.Itoa(n) + `","text":"hello hello hello"}`)
		if opcode, payload, err := c.read(); err != nil || opcode != 1 || !isAck(payload) {
			b.Fatalf("got %s, %v, want an ack", payload, err)
		}
	}
	if tail, err := r.env.Store.Tail("lobby"); err != nil || int(tail.Last) != b.N {
		b.Errorf("%d entries, %v, want %d", tail.Last, err, b.N)
	}
}

func isAck(payload []byte) bool { return len(payload) > 13 && string(payload[:13]) == `{"type":"ack"` }

// One entry, from the hub's publish until a session that has joined has written it to its client. Nothing is recorded:
// the entry comes from the ring, as a live one does.
func BenchmarkAnEntryToASession(b *testing.B) {
	r := open(b, nil)
	c := r.dialRaw("ann", "&join=lobby")
	if joined, err := c.text(); err != nil {
		b.Fatal(joined, err)
	}
	one := &persistence.Entries{First: 1}
	one.Add([]byte(`{"type":"message","conversation":"lobby","seq":1,"text":"hello hello hello"}`))
	buf := make([]byte, len(one.Frames))
	next := protocol.Seq(1)
	b.ReportAllocs()
	for b.Loop() {
		r.env.Hub.Publish("lobby", &persistence.Entries{First: next, Frames: one.Frames, Ends: one.Ends})
		if _, err := io.ReadFull(c.in, buf); err != nil {
			b.Fatal(err)
		}
		next++
	}
	if string(buf) != string(one.Frames) {
		b.Errorf("got %q, want %q", buf, one.Frames)
	}
	if got := r.env.Counters.Deliveries.Load(); got < int64(b.N)-1 {
		b.Errorf("%d entries were delivered, want %d", got, b.N)
	}
}
