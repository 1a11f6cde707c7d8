package session

import (
	"testing"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/protocol"
)

// The ack of a new entry waits for the entry's own wake, which hub promises to each of its members. In all other cases
// no wake needs to follow, and the completion wakes the writer itself.
func TestACompletionLeavesTheWakeToTheEntryOnlyIfTheEntryComesToItsCursor(t *testing.T) {
	for _, test := range []struct {
		what   string
		send   persistence.Send
		kind   hub.Kind
		change func(*outbound, *cursor)
		wakes  bool
	}{
		{what: "a new entry", wakes: false},
		{what: "a duplicate", send: persistence.Send{Result: persistence.Result{Duplicate: true}}, wakes: true},
		{what: "a refused send", send: persistence.Send{Result: persistence.Result{Err: protocol.Reset()}}, wakes: true},
		{what: "a follower's send", kind: hub.Following, wakes: true},
		{what: "a cursor that has stopped", change: func(_ *outbound, c *cursor) { c.stop() }, wakes: true},
		{what: "a session that closes", change: func(o *outbound, _ *cursor) {
			o.beginClose(protocol.CloseGoingAway, "")
		}, wakes: true},
	} {
		t.Run(test.what, func(t *testing.T) {
			w, _ := ends(t)
			s := &session{}
			s.link.begin(&Conn{wire: w}, &Env{}, "ann")
			defer s.depart()
			s.out.begin(&s.link)
			s.work.end() // no writer is started
			c := &cursor{out: &s.out, active: true}
			c.member.Kind = test.kind
			if test.change != nil {
				test.change(&s.out, c)
			}

			s.out.sends(test.send.Size())
			c.Completed(&test.send)
			if woke := s.out.pending.Load() > 0; woke != test.wakes {
				t.Errorf("it woke the writer: %v, want %v", woke, test.wakes)
			}
			if len(s.out.backlog.replies) == 0 || s.out.backlog.inFlight != 0 {
				t.Errorf("%d bytes of replies, %d in flight", len(s.out.backlog.replies), s.out.backlog.inFlight)
			}
		})
	}
}
