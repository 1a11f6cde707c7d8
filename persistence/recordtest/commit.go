package recordtest

import (
	"fmt"
	"strings"
	"sync"

	"verbatim/persistence"
	"verbatim/protocol"
)

func entriesInOrder(b *Bench) {
	first := b.Accept(Say("lobby", "ann", "a1", "one"), Say("lobby", "bob", "", "two"))
	second := b.Accept(Say("lobby", "ann", "a2", "three"))
	if first.First != 1 || first.Len() != 2 || second.First != 3 || second.Len() != 1 {
		b.T.Fatalf("entries are %d+%d and %d+%d, want 1+2 and 3+1", first.First, first.Len(), second.First, second.Len())
	}
	all := b.All("lobby", 1)
	for i, text := range []string{"one", "two", "three"} {
		if !strings.Contains(all[i], fmt.Sprintf(`"text":"%s"`, text)) {
			b.T.Errorf("entry %d is %s, want the text %q", i+1, all[i], text)
		}
	}
	for seq := protocol.Seq(1); seq <= 2; seq++ {
		if got := string(first.Wire(seq)); got != all[seq-1] {
			b.T.Errorf("Commit gave %s and Read gave %s", got, all[seq-1])
		}
	}
	if first.At == 0 {
		b.T.Error("the entries do not say when they were committed")
	}
}

func sumsChain(b *Bench) {
	x, y := Say("lobby", "ann", "", "one"), Say("lobby", "ann", "", "one")
	b.Accept(x, y)
	tail := b.Tail("lobby")
	if x.Sum == y.Sum || x.Sum == (protocol.Sum{}) || tail.Sum != y.Sum || tail.Last != 2 || tail.Time != y.Time {
		b.T.Fatalf("sums %s and %s, and the tail is %+v", x.Sum, y.Sum, tail)
	}
}

func firstNeedsLeave(b *Bench) {
	mayNot := func(id, text string) *persistence.Send {
		s := Say("lobby", "ann", id, text)
		s.NoCreate = true
		return s
	}
	refused, refusedToo := mayNot("a1", "one"), mayNot("", "two")
	refusedToo.Expects = "00000000000000000000000000000000" // it does not matter what else is wrong
	created, after, again := Say("lobby", "bob", "b1", "three"), mayNot("a1", "four"), mayNot("a1", "four")
	b.Commit(refused, refusedToo, created, after, again)
	for _, s := range []*persistence.Send{refused, refusedToo} {
		if s.Err == nil || s.Err.Code != protocol.CodeForbidden {
			b.T.Errorf("a first entry of one who may not create: %v", s.Err)
		}
	}
	if created.Err != nil || created.Seq != 1 || after.Err != nil || after.Seq != 2 {
		b.T.Errorf("the first entry and the second: %v, %v", created.Err, after.Err)
	}
	if again.Err != nil || !again.Duplicate {
		b.T.Errorf("the second entry again: %v", again.Err)
	}
}

func sameIDOnce(b *Bench) {
	first := Say("lobby", "ann", "a1", "one")
	b.Accept(first, Say("lobby", "ann", "a2", "two"))
	again := Say("lobby", "ann", "a1", "one")
	if entries := b.Commit(again); entries != nil {
		b.T.Fatalf("a duplicate made %d entries", entries.Len())
	}
	wantRepeat(b, first, again)
	if last := b.Tail("lobby").Last; last != 2 {
		b.T.Fatalf("last is %d, want 2", last)
	}
}

func wantRepeat(b *Bench, first, again *persistence.Send) {
	b.T.Helper()
	if again.Err != nil || !again.Duplicate || again.Seq != first.Seq || again.Time != first.Time || again.Sum != first.Sum {
		b.T.Fatalf("sent again: err %v, duplicate %v, seq %d, time %s, sum %s; the first one: %d, %s, %s",
			again.Err, again.Duplicate, again.Seq, again.Time, again.Sum, first.Seq, first.Time, first.Sum)
	}
}

func sameIDInOneBatch(b *Bench) {
	first, again, other := Say("lobby", "ann", "a1", "one"), Say("lobby", "ann", "a1", "one"), Say("lobby", "ann", "a1", "two")
	entries := b.Commit(first, again, other)
	if first.Err != nil || entries.Len() != 1 {
		b.T.Fatalf("first: %v; %d entries, want 1", first.Err, entries.Len())
	}
	wantRepeat(b, first, again)
	if Code(other) != protocol.CodeConflict {
		b.T.Fatalf("another text: %v, want a conflict", other.Err)
	}
}

func sameIDOtherAuthor(b *Bench) {
	b.Accept(Say("lobby", "ann", "a1", "one"))
	b.Accept(Say("lobby", "bob", "a1", "one"))
	b.Accept(Say("other", "ann", "a1", "one"))
}

func conflicts(b *Bench) {
	first := Say("lobby", "ann", "a1", "one")
	first.Meta = `{"k":1}`
	b.Accept(Say("lobby", "ann", "", "zero"), first)
	for name, change := range map[string]func(*persistence.Send){
		"text":    func(s *persistence.Send) { s.Text = `"two"` },
		"meta":    func(s *persistence.Send) { s.Meta = `{"k":2}` },
		"no meta": func(s *persistence.Send) { s.Meta = "" },
		"target":  func(s *persistence.Send) { s.Target = 1 },
	} {
		again := Say("lobby", "ann", "a1", "one")
		again.Meta = first.Meta
		change(again)
		if entries := b.Commit(again); Code(again) != protocol.CodeConflict || entries != nil {
			b.T.Errorf("another %s: %v, want a conflict", name, again.Err)
		}
	}
	if last := b.Tail("lobby").Last; last != 2 {
		b.T.Errorf("last is %d, want 2", last)
	}
}

func equalJSON(b *Bench) {
	first := Say("lobby", "ann", "a1", "")
	first.Text, first.Meta = `"a/b \u00e9"`, `{"a":1,"b":[2]}`
	b.Accept(first)
	again := Say("lobby", "ann", "a1", "")
	again.Text, again.Meta = `"a\/b é"`, `{"b":[2],"a":1}`
	b.Commit(again)
	wantRepeat(b, first, again)
}

func prev(b *Bench) {
	after := func(id, prev string) *persistence.Send {
		s := Say("lobby", "ann", id, id)
		s.Prev = protocol.MessageID(prev)
		return s
	}
	lone := after("a2", "a1")
	b.Commit(lone)
	if Code(lone) != protocol.CodeOutOfOrder {
		b.T.Fatalf("a send whose prev is not there: %v, want out_of_order", lone.Err)
	}
	if b.Tail("lobby").Log != "" {
		b.T.Fatal("a refused send made a conversation")
	}
	b.Accept(Say("lobby", "ann", "a1", "a1"), after("a2", "a1")) // prev in the same request
	b.Accept(after("a3", "a2"))                                  // prev on the record
	others := after("a5", "a4")
	orphan := after("a6", "a5")
	b.Commit(others, orphan, Say("lobby", "bob", "a4", "x"))
	if Code(others) != protocol.CodeOutOfOrder || Code(orphan) != protocol.CodeOutOfOrder {
		b.T.Fatalf("after one that was refused: %v, %v; want out_of_order twice", others.Err, orphan.Err)
	}
	again := after("a2", "gone") // a duplicate is one whatever its prev
	b.Commit(again)
	if !again.Duplicate {
		b.T.Fatalf("a duplicate with another prev: %v", again.Err)
	}
}

func target(b *Bench) {
	at := func(target protocol.Seq) *persistence.Send {
		s := Say("lobby", "ann", "", "x")
		s.Target = target
		return s
	}
	b.Accept(at(0), at(1), at(2))
	self := at(4)
	b.Commit(self)
	if Code(self) != protocol.CodeBadRequest || !strings.Contains(self.Err.Reason, "3") {
		b.T.Fatalf("a target beyond the last: %v, want bad_request that says 3", self.Err)
	}
	if !strings.Contains(b.All("lobby", 3)[0], `"target":2`) {
		b.T.Fatalf("entry 3 is %s, want target 2", b.All("lobby", 3)[0])
	}
}

func existence(b *Bench) {
	if tail := b.Tail("lobby"); tail != (persistence.Tail{}) {
		b.T.Fatalf("the tail of nothing is %+v", tail)
	}
	b.Accept(Say("lobby", "ann", "", "one"))
	if tail := b.Tail("lobby"); len(tail.Log) != 32 || tail.Last != 1 {
		b.T.Fatalf("the tail is %+v, want a log of 32 digits, and 1", tail)
	}
}

func largeBatch(b *Bench) {
	text := strings.Repeat("x", 16<<10)
	var sends []*persistence.Send
	for i := range 2000 {
		sends = append(sends, Say("lobby", "ann", fmt.Sprint("a", i), text))
	}
	entries := b.Accept(sends...)
	if entries.Len() != len(sends) || entries.First != 1 {
		b.T.Fatalf("there are %d entries from %d on, want %d from 1 on", entries.Len(), entries.First, len(sends))
	}
	if n := len(b.All("lobby", 1)); n != len(sends) {
		b.T.Fatalf("%d entries are read, want %d", n, len(sends))
	}
}

func concurrent(b *Bench) {
	const conversations, entries = 20, 50
	var all sync.WaitGroup
	for c := range conversations {
		all.Go(func() {
			for i := range entries {
				s := Say(fmt.Sprint("room-", c), "ann", fmt.Sprint("a", i), fmt.Sprint("text ", i))
				Commit(b.Record, s)
				if s.Err != nil || s.Seq != protocol.Seq(i+1) {
					b.T.Errorf("room %d, send %d: seq %d, %v", c, i, s.Seq, s.Err)
				}
			}
		})
	}
	all.Wait()
	for c := range conversations {
		if n := len(b.All(fmt.Sprint("room-", c), 1)); n != entries {
			b.T.Errorf("room %d has %d entries, want %d", c, n, entries)
		}
	}
}

// together commits for many conversations at once: first new ones, then ones that exist; sends that are refused,
// duplicates of the request itself and of requests before.
func together(b *Bench) {
	const conversations, rounds = 20, 5
	for round := range rounds {
		var appends []*persistence.AppendRequest
		for c := range conversations {
			id, name := fmt.Sprint("room-", c), fmt.Sprint("a", round)
			beyond := Say(id, "ann", "", "beyond")
			beyond.Target = 1000
			t := &persistence.AppendRequest{Conversation: protocol.ConversationID(id), Sends: []*persistence.Send{
				Say(id, "ann", "", "unnamed"), beyond, Say(id, "ann", name, "named"), Say(id, "ann", name, "named"), Say(id, "ann", name, "other"),
			}}
			if round > 0 && c%7 == 0 {
				t.Sends = append(t.Sends, Say(id, "ann", fmt.Sprint("a", round-1), "named"))
			}
			appends = append(appends, t)
		}
		CommitAll(b.Record, appends...)
		for _, t := range appends {
			checkTogether(b, t, protocol.Seq(2*round+1))
		}
	}
	for c := range conversations {
		if n := len(b.All(fmt.Sprint("room-", c), 1)); n != 2*rounds {
			b.T.Errorf("room %d has %d entries, want %d", c, n, 2*rounds)
		}
	}
}

func checkTogether(b *Bench, t *persistence.AppendRequest, first protocol.Seq) {
	s, tail := t.Sends, b.Tail(string(t.Conversation))
	if s[0].Seq != first || s[2].Seq != first+1 || t.Entries.First != first || t.Entries.Len() != 2 || string(t.Entries.Wire(first+1)) != b.All(string(t.Conversation), first+1)[0] {
		b.T.Errorf("%s: seqs %d and %d, want %d and the next; the entries are %+v", t.Conversation, s[0].Seq, s[2].Seq, first, t.Entries)
	}
	if t.Log != tail.Log || tail.Last != first+1 || tail.Sum != s[2].Sum {
		b.T.Errorf("%s: entries of log %s, and the tail is %+v", t.Conversation, t.Log, tail)
	}
	if Code(s[1]) != protocol.CodeBadRequest || Code(s[4]) != protocol.CodeConflict {
		b.T.Errorf("%s: a target beyond the last: %v; another text: %v", t.Conversation, s[1].Err, s[4].Err)
	}
	wantRepeat(b, s[2], s[3])
	if len(s) > 5 && (!s[5].Duplicate || s[5].Seq != first-1) {
		b.T.Errorf("%s: sent again: %+v, want a duplicate of %d", t.Conversation, s[5], first-1)
	}
}
