package recordtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"verbatim/persistence"
	"verbatim/protocol"
)

var background = context.Background()

func readBounds(b *Bench) {
	b.Fill("lobby", 100, 10)
	for _, r := range []struct {
		from, to protocol.Seq
		bytes    int
		want     int
	}{
		{1, 100, 1 << 20, 100}, {1, 1, 1 << 20, 1}, {100, 100, 1 << 20, 1}, {50, 59, 1 << 20, 10}, {7, 100, 1, 1}, {99, 1000, 1 << 20, 2},
	} {
		entries, err := b.Record.Read(background, "lobby", r.from, r.to, r.bytes)
		if err != nil || entries.First != r.from || entries.Len() != r.want {
			b.T.Errorf("Read %d to %d in %d bytes: %v, %+v; want %d entries", r.from, r.to, r.bytes, err, entries, r.want)
		}
	}
	all, _ := b.Record.Read(background, "lobby", 1, 100, 1<<20)
	for limit := 1; limit < len(all.Frames); limit += 97 {
		entries, err := b.Record.Read(background, "lobby", 1, 100, limit)
		if err != nil || entries.Len() < 1 || entries.Len() > 1 && len(entries.Frames) > limit {
			b.T.Fatalf("in %d bytes: %v, %d entries of %d bytes", limit, err, entries.Len(), len(entries.Frames))
		}
	}
	for _, from := range []protocol.Seq{0, 101} {
		if _, err := b.Record.Read(background, "lobby", from, 200, 1<<20); err == nil {
			b.T.Errorf("Read from %d of 100 gave no error", from)
		}
	}
	if _, err := b.Record.Read(background, "nowhere", 1, 1, 1); err == nil {
		b.T.Error("Read of no conversation gave no error")
	}
}

// noSeam reads from everywhere while entries of very different sizes come in.
func noSeam(b *Bench) {
	var want []string
	for i := range 300 {
		text := strings.Repeat("y", (i*i*37)%9000)
		entries := b.Accept(Say("lobby", "ann", "", fmt.Sprint(i, text)))
		want = append(want, string(entries.Wire(entries.First)))
		from := protocol.Seq(i/2 + 1)
		if got := b.All("lobby", from); !slices.Equal(got, want[from-1:]) {
			b.T.Fatalf("after %d entries, those from %d on are not what was committed", i+1, from)
		}
	}
}

func lines(b *Bench) {
	b.Fill("lobby", 20, 7)
	wires := b.All("lobby", 1)
	n := 0
	err := b.Record.Lines(background, "lobby", func(line []byte) error {
		if n++; n == 1 {
			if !strings.HasPrefix(string(line), `{"type":"log","format":2,"conversation":"lobby","log":"`+string(b.Tail("lobby").Log)) {
				b.T.Errorf("the first line is %s", line)
			}
			return nil
		}
		head := strings.TrimSuffix(wires[n-2], "}") + `,"salt":"`
		if !strings.HasPrefix(string(line), head) || !strings.Contains(string(line), `","sum":"`) {
			b.T.Errorf("line %d is %s, want the wire bytes %s with salt and sum", n, line, wires[n-2])
		}
		return nil
	})
	if err != nil || n != 21 {
		b.T.Fatalf("%d lines, %v; want 21", n, err)
	}
	stop := errors.New("stop")
	if err := b.Record.Lines(background, "lobby", func([]byte) error { return stop }); !errors.Is(err, stop) {
		b.T.Errorf("yield's error came back as %v", err)
	}
}

func list(b *Bench) {
	for _, id := range []string{"b", "a-2", "a-10", "c", "a-1"} {
		b.Accept(Say(id, "ann", "", "hi"))
	}
	begins := func(with string) persistence.Which { return persistence.Which{Prefix: with} }
	notA2 := func(id protocol.ConversationID) bool { return id != "a-2" }
	has := func(part string) persistence.Which { return persistence.Which{Contains: part} }
	for _, l := range []struct {
		which persistence.Which
		after protocol.ConversationID
		limit int
		want  string
		more  bool
	}{
		{begins(""), "", 10, "a-1 a-10 a-2 b c", false}, {begins(""), "", 2, "a-1 a-10", true},
		{begins(""), "a-10", 2, "a-2 b", true}, {begins(""), "b", 9, "c", false}, {begins(""), "c", 3, "", false},
		{begins("a-"), "", 3, "a-1 a-10 a-2", false}, {begins("a-1"), "a-1", 3, "a-10", false},
		{begins("b"), "a", 3, "b", false}, {begins("x"), "", 3, "", false},
		{has("1"), "", 3, "a-1 a-10", false}, {has("-"), "", 2, "a-1 a-10", true}, {has("-"), "a-10", 2, "a-2", false},
		{has("c"), "", 1, "c", false}, {has("x"), "", 3, "", false},
		{persistence.Which{Prefix: "a", Contains: "0"}, "", 3, "a-10", false},
		{persistence.Which{May: notA2}, "", 4, "a-1 a-10 b c", false}, {persistence.Which{May: notA2}, "a-1", 2, "a-10 b", true},
	} {
		page, more := b.Record.List(l.which, l.after, l.limit)
		var ids []string
		for _, p := range page {
			ids = append(ids, string(p.ID))
			if p.Last != 1 || p.Log == "" {
				b.T.Errorf("%s is listed with %+v", p.ID, p.Tail)
			}
		}
		if got := strings.Join(ids, " "); got != l.want || more != l.more {
			b.T.Errorf("List(%+v, %q, %d) is %q, more %v; want %q, %v", l.which, l.after, l.limit, got, more, l.want, l.more)
		}
	}
}

func marks(b *Bench) {
	b.Fill("lobby", 10, 10)
	b.Record.Mark("lobby", "ann", 5)
	b.Record.Mark("lobby", "bob", 7)
	b.Record.Mark("lobby", "ann", 3)
	want := func(ann, bob protocol.Seq) {
		b.T.Helper()
		m, err := b.Record.Marks("lobby")
		if err != nil || len(m) != 2 || m["ann"] != ann || m["bob"] != bob {
			b.T.Fatalf("marks are %v, %v; want ann at %d and bob at %d", m, err, ann, bob)
		}
		m["ann"] = 99 // a copy: this changes nothing
	}
	want(5, 7)
	want(5, 7)
	if m, err := b.Record.Marks("nowhere"); err != nil || len(m) != 0 {
		b.T.Fatalf("the marks of nothing are %v, %v", m, err)
	}
	if b.Reopen == nil {
		return
	}
	for range 2 {
		b.Record = b.Reopen()
		want(5, 7)
	}
	b.Record.Mark("lobby", "ann", 4)
	b.Record.Mark("lobby", "bob", 8)
	want(5, 8)
	b.Record = b.Reopen()
	want(5, 8)
}

func restart(b *Bench) {
	if b.Reopen == nil {
		b.T.Skip("it cannot be opened again")
	}
	b.Fill("lobby", 50, 7)
	wires, tail := b.All("lobby", 1), b.Tail("lobby")
	b.Record = b.Reopen()
	if got := b.Tail("lobby"); got != tail {
		b.T.Fatalf("the tail is %+v, and was %+v", got, tail)
	}
	if got := b.All("lobby", 1); !slices.Equal(got, wires) {
		b.T.Fatal("the entries are not what they were")
	}
	s := Say("lobby", "ann", "", "more")
	b.Accept(s)
	if s.Seq != 51 || s.Time < tail.Time {
		b.T.Fatalf("the next entry is %d at %s, after %d at %s", s.Seq, s.Time, tail.Last, tail.Time)
	}
}

func resendAfterRestart(b *Bench) {
	if b.Reopen == nil {
		b.T.Skip("it cannot be opened again")
	}
	first := Say("lobby", "ann", "a\"1", "one")
	b.Accept(first, Say("lobby", "ann", "a2", "two"))
	b.Record = b.Reopen()
	again := Say("lobby", "ann", "a\"1", "one")
	b.Commit(again)
	wantRepeat(b, first, again)
	next := Say("lobby", "ann", "a3", "three")
	next.Prev = "a2"
	b.Accept(next)
}

func lateResend(b *Bench) {
	if b.Forget == nil {
		b.T.Skip("it forgets nothing")
	}
	b.Fill("lobby", 5, 5)
	first := Say("lobby", "ann", "a1", "one")
	b.Accept(first, Say("lobby", "ann", "a2", "two"))
	b.Fill("lobby", 3000, 100)
	b.Forget()
	again := Say("lobby", "ann", "a1", "one")
	again.Since = protocol.Number{Value: 5, Set: true}
	b.Commit(again)
	wantRepeat(b, first, again)
	next := Say("lobby", "ann", "a3", "three")
	next.Prev, next.Since = "a2", protocol.Number{Value: 5, Set: true}
	b.Accept(next)
	// Without since the record need not look so far back: what it does then is its own affair.
	changed := Say("lobby", "ann", "a1", "other")
	changed.Since = protocol.Number{Value: 0, Set: true}
	if b.Commit(changed); Code(changed) != protocol.CodeConflict {
		b.T.Fatalf("a late resend with another text: %v, want a conflict", changed.Err)
	}
}
