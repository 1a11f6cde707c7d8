package session

import (
	"io"
	"testing"
	"time"

	"verbatim/protocol"
)

// A reader that took bytes since the ping and is owed more lives, though nothing is on its way in the moment of the
// look: the next block may be being fetched. One that is owed nothing has had its time.
func TestAReaderThatTakesLivesWhileItIsOwedMore(t *testing.T) {
	const silence = 10 * time.Millisecond
	for _, test := range []struct {
		what string
		owe  func(*outbound)
		over bool
	}{
		{"owed nothing", func(*outbound) {}, true},
		{"a block is being fetched", func(o *outbound) { o.blocks = 1 }, false},
		{"a cursor is to be written", func(o *outbound) { o.turns = []*cursor{{}} }, false},
		{"a cursor was woken", func(o *outbound) { o.woken.Store(&cursor{}) }, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			w, there := ends(t)
			s := &session{}
			s.link.begin(&Conn{wire: w}, &Env{Limits: &protocol.Limits{Ping: silence}}, "ann")
			defer s.depart()
			s.out.begin(&s.link)
			s.work.end() // no writer is started
			test.owe(&s.out)
			w.takes(false)
			if _, err := w.Conn.Write([]byte("taken")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(there, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			w.acknowledged(t)
			k := &s.alive
			k.timer = time.NewTimer(time.Hour)
			k.pinged = sinceStart()
			s.out.pingedAt.Store(k.pinged - int64(2*silence))
			w.heard.Store(k.pinged - int64(3*silence))
			k.look(&s.out)
			if over := s.failure != nil; over != test.over {
				t.Errorf("closed: %v (%v), want %v", over, s.failure, test.over)
			}
		})
	}
}
