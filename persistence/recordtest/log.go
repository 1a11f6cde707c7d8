package recordtest

import (
	"strings"

	"verbatim/protocol"
)

// firstNamesLog: who joined an empty conversation learns its log from the first entry, or from its ack.
func firstNamesLog(b *Bench) {
	first, again, second := Say("lobby", "ann", "a1", "one"), Say("lobby", "ann", "a1", "one"), Say("lobby", "ann", "a2", "two")
	b.Commit(first, again, second)
	log := b.Tail("lobby").Log
	if first.Log != log || again.Log != log || second.Log != "" {
		b.T.Errorf("acks name the logs %q, %q (sent again) and %q (seq 2); want %q, %[4]q and none", first.Log, again.Log, second.Log, log)
	}
	late := Say("lobby", "ann", "a1", "one")
	if b.Commit(late); !late.Duplicate || late.Log != log {
		b.T.Errorf("sent again later: duplicate %v, log %q; want %q", late.Duplicate, late.Log, log)
	}
	all := b.All("lobby", 1)
	if end := `,"log":"` + string(log) + `"}`; !strings.HasSuffix(all[0], end) || strings.Contains(all[1], `"log":`) {
		b.T.Errorf("the entries are %s; want the first alone to end in %s", all, end)
	}
}

func sendForLog(b *Bench) {
	stray := Say("lobby", "ann", "a1", "one")
	stray.Expects = "9f2c"
	if entries := b.Commit(stray); Code(stray) != protocol.CodeReset || entries != nil || b.Tail("lobby").Log != "" {
		b.T.Fatalf("to a conversation that is not there: %v, want reset, and that none begins", stray.Err)
	}
	b.Accept(Say("lobby", "ann", "", "zero"))
	right := Say("lobby", "ann", "a1", "one")
	right.Expects = b.Tail("lobby").Log
	b.Accept(right)
	again := Say("lobby", "ann", "a1", "one")
	again.Expects = "9f2c"
	if entries := b.Commit(again); Code(again) != protocol.CodeReset || again.Duplicate || entries != nil {
		b.T.Errorf("a duplicate for another log: %v, want reset", again.Err)
	}
	between := Say("lobby", "ann", "a3", "three")
	between.Expects = "9f2c"
	b.Commit(Say("lobby", "ann", "a2", "two"), between, Say("lobby", "ann", "a4", "four"))
	if last := b.Tail("lobby").Last; Code(between) != protocol.CodeReset || last != 4 {
		b.T.Errorf("between two others: %v, and the last is %d; want reset, and 4", between.Err, last)
	}
}

func sumsFound(b *Bench) {
	var want []protocol.Sum
	for _, text := range []string{"one", "two", strings.Repeat("long ", 30_000), "four", "five"} {
		s := Say("lobby", "ann", "", text)
		b.Accept(s)
		want = append(want, s.Sum)
	}
	for range 2 { // read, and remembered
		for i, sum := range want {
			if got, err := b.Record.Sum(background, "lobby", protocol.Seq(i+1)); err != nil || got != sum {
				b.T.Errorf("entry %d has the sum %s, %v; its ack said %s", i+1, got, err, sum)
			}
		}
	}
	for _, seq := range []protocol.Seq{0, 6} {
		if _, err := b.Record.Sum(background, "lobby", seq); err == nil {
			b.T.Errorf("there is a sum of entry %d of 5", seq)
		}
	}
	if _, err := b.Record.Sum(background, "nowhere", 1); err == nil {
		b.T.Error("there is a sum in no conversation")
	}
}
