package disk

import (
	"fmt"
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/recordtest"
)

// The clock is set back in the midst of traffic, and while the server is down: ids are remembered all the same, prev is
// found, and nothing that was accepted moves.
func TestSendingAgainIsSafeWhereTheClockIsSetBack(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	opts := Options{Now: func() time.Time { return now }}
	b := bench(t, dir, opts)
	var accepted []*persistence.Send
	say := func() {
		id := fmt.Sprint("id-", len(accepted))
		s := recordtest.Say("lobby", "ann", id, "text of "+id)
		if n := len(accepted); n > 0 {
			s.Prev = accepted[n-1].ID
		}
		b.Accept(s)
		accepted = append(accepted, s)
	}
	again := func(when string) {
		t.Helper()
		for i, first := range accepted {
			s := recordtest.Say("lobby", "ann", string(first.ID), "text of "+string(first.ID))
			if b.Commit(s); !s.Duplicate || s.Seq != first.Seq || s.Time != first.Time {
				t.Errorf("%s: number %d sent again: %+v, want a duplicate of seq %d", when, i, s, first.Seq)
			}
		}
		if last := b.Tail("lobby").Last; int(last) != len(accepted) {
			t.Fatalf("%s: there are %d entries, want %d", when, last, len(accepted))
		}
	}
	for i, step := range []time.Duration{-time.Hour, time.Minute, -24 * time.Hour, -time.Second} {
		say()
		say()
		now = now.Add(step)
		again(fmt.Sprintf("after step %v", step))
		say()
		if i%2 == 0 {
			b.Record.(*Record).abandon() // kill -9
		} else if err := b.Record.Close(); err != nil {
			t.Fatal(err)
		}
		b = bench(t, dir, opts)
		again(fmt.Sprintf("after step %v and a new start", step))
	}
	at := accepted[0].Time
	for _, s := range accepted {
		if s.Time < at {
			t.Errorf("seq %d is at %s, after %s", s.Seq, s.Time, at)
		}
		at = s.Time
	}
}
