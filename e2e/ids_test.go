package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestTheSameIdAgainIsAckedWithTheFirstOnesPlaceAndNothingIsAdded(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		first := ann.send("lobby", "c1", "hi", `"meta":{"a":1,"b":"x"}`)
		ann.send("lobby", "c2", "between")
		same := func(when string, ack frame) {
			t.Helper()
			if !ack.Duplicate || ack.Seq != first.Seq || ack.Time != first.Time || ack.Sum != first.Sum ||
				ack.ID != "c1" {
				t.Errorf("%s: got %s, want duplicate with the first one's seq, time and sum: %s", when, ack, first)
			}
		}
		same("at once", ann.send("lobby", "c1", "hi", `"meta":{"a":1,"b":"x"}`))
		same("from another session", s.dial(t, "ann").send("lobby", "c1", "hi", `"meta":{"a":1,"b":"x"}`))
		s.crash()
		ann = s.dial(t, "ann")
		same("after a crash", ann.send("lobby", "c1", "hi", `"meta":{"a":1,"b":"x"}`))
		// An id is its user's and its conversation's own.
		if ack := s.dial(t, "bob").send("lobby", "c1", "hi"); ack.Duplicate || ack.Seq != 3 {
			t.Errorf("bob's own c1: got %s", ack)
		}
		if ack := ann.send("team", "c1", "hi"); ack.Duplicate || ack.Seq != 1 {
			t.Errorf("another conversation's c1: got %s", ack)
		}
		if last := ann.join("lobby").Last; last != 3 {
			t.Errorf("last %d, want 3", last)
		}
	})
}

func TestTheSameIdWithOtherContentIsAConflict(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.send("lobby", "c0", "zero")
		ann.send("lobby", "c1", "hi", `"target":1`, `"meta":{"a":1}`)
		refuse := func(when string) {
			t.Helper()
			for what, again := range map[string][]string{
				"another text":   {"ho", `"target":1`, `"meta":{"a":1}`},
				"another target": {"hi", `"target":2`, `"meta":{"a":1}`},
				"no target":      {"hi", `"meta":{"a":1}`},
				"another meta":   {"hi", `"target":1`, `"meta":{"a":2}`},
				"no meta":        {"hi", `"target":1`},
			} {
				f := ann.trySend("lobby", "c1", again[0], again[1:]...)
				if f.Type != "error" || f.Code != "conflict" || f.ID != "c1" || f.Conversation != "lobby" {
					t.Errorf("%s, %s: got %s, want error conflict with id and conversation", when, what, f)
				}
			}
		}
		refuse("at once")
		s.crash()
		ann = s.dial(t, "ann")
		refuse("after a crash")
		if last := ann.join("lobby").Last; last != 2 {
			t.Errorf("last %d, want 2", last)
		}
	})
}

func TestManySessionsThatSendOneIdAtOnceRecordItOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var sessions []*client
	for range 8 {
		sessions = append(sessions, s.dial(t, "ann"))
	}
	for round := range 20 {
		var all sync.WaitGroup
		for _, c := range sessions {
			all.Go(func() {
				c.write(1, fmt.Sprintf(`{"type":"send","conversation":"lobby","id":"r%d","text":"same"}`, round))
			})
		}
		all.Wait()
		firsts := 0
		for _, c := range sessions {
			f := c.expect("an ack", ofType("ack"))
			if f.Seq != round+1 {
				t.Fatalf("round %d: got %s, want seq %d", round, f, round+1)
			}
			if !f.Duplicate {
				firsts++
			}
		}
		if firsts != 1 {
			t.Errorf("round %d: %d of 8 acks say that theirs was the first, want 1", round, firsts)
		}
	}
}

func TestAQueueKeepsItsOrderByPrev(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		f := ann.trySend("lobby", "q2", "two", `"prev":"q1"`)
		if f.Type != "error" || f.Code != "out_of_order" || f.ID != "q2" || f.Conversation != "lobby" {
			t.Errorf("got %s, want error out_of_order with id and conversation", f)
		}
		s.dial(t, "bob").send("lobby", "q1", "bob's own q1 is not ann's")
		wantError(t, ann.trySend("lobby", "q2", "two", `"prev":"q1"`), "out_of_order")
		ann.send("lobby", "q1", "one")
		ann.send("lobby", "q2", "two", `"prev":"q1"`)
		// In flight together: the second finds the first, which is not yet acked.
		ann.say(`{"type":"send","conversation":"lobby","id":"q3","prev":"q2","text":"three"}`)
		ann.say(`{"type":"send","conversation":"lobby","id":"q4","prev":"q3","text":"four"}`)
		ann.say(`{"type":"send","conversation":"lobby","id":"q6","prev":"q5","text":"six"}`)
		ann.say(`{"type":"send","conversation":"lobby","id":"q7","prev":"q6","text":"seven"}`)
		for _, want := range []struct{ kind, id string }{
			{"ack", "q3"}, {"ack", "q4"}, {"error", "q6"}, {"error", "q7"},
		} {
			if f := ann.expect("a reply", func(f frame) bool { return f.ID == want.id }); f.Type != want.kind {
				t.Errorf("got %s, want %s", f, want.kind)
			}
		}
		s.crash()
		ann = s.dial(t, "ann")
		ann.send("lobby", "q5", "five", `"prev":"q4"`)
		// A duplicate is a duplicate, whatever its prev.
		if f := ann.send("lobby", "q2", "two", `"prev":"q1"`); !f.Duplicate {
			t.Errorf("got %s, want duplicate", f)
		}
		if last := ann.join("lobby").Last; last != 6 {
			t.Errorf("last %d, want 6: what was out of order was recorded", last)
		}
	})
}

func TestAResendWithSinceIsRecordedOnceHoweverLate(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		bob.sendMany("lobby", "before", 5)
		first := ann.send("lobby", "late", "hi", `"since":5`)
		// So much after it that no index of recent ids is likely to hold it, and a start that forgets memory.
		bob.sendMany("lobby", "after", 6000)
		s.crash()
		ann = s.dial(t, "ann")
		if f := ann.send("lobby", "late", "hi", `"since":5`); !f.Duplicate || f.Seq != first.Seq || f.Sum != first.Sum {
			t.Errorf("got %s, want duplicate of %s", f, first)
		}
		wantError(t, ann.trySend("lobby", "late", "ho", `"since":5`), "conflict")
		// One that is really new is recorded.
		if f := ann.send("lobby", "new", "hi", `"since":0`); f.Duplicate || f.Seq != 6007 {
			t.Errorf("got %s, want seq 6007", f)
		}
	})
}

func TestIdsAreComparedByBytesAndMayBeAnyString(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	seq := 0
	for _, id := range []string{"a", "A", " a", "é", "e\u0301", `"\`, "🦊", "\u2028", strings.Repeat("x", 64)} {
		seq++
		if f := ann.send("lobby", id, "hi"); f.Seq != seq || f.Duplicate || f.ID != id {
			t.Errorf("id %q: got %s, want seq %d", id, f, seq)
		}
	}
}
