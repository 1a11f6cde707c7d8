package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAConversationThatIsNotThereYetCanBeJoined(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		j := ann.join("lobby")
		if j.First != j.Last+1 || j.Last != 0 || j.has("sum") || j.has("read") {
			t.Errorf("empty: got %s, want first = last+1, last 0, no sum, no read", j)
		}
		if !slices.Equal(j.Online, []string{"ann"}) || j.Count != 1 {
			t.Errorf("online: got %s, want oneself, count 1", j)
		}
		ack := ann.send("lobby", "c1", "hi")
		m := ann.messages("lobby", 1, 1)[0]
		if m.From != "ann" || m.ID != "c1" || m.Text != "hi" || m.Time != ack.Time || ack.Seq != 1 {
			t.Errorf("got %s for %s", m, ack)
		}
		j = ann.join("lobby")
		if j.First != 1 || j.Last != 1 || j.Sum != ack.Sum || j.Log == "" {
			t.Errorf("after one message: got %s, want first 1, last 1, a log, and the ack's sum %s", j, ack.Sum)
		}
	})
}

func TestJoinGivesTheEntriesThatItSaysAndThenLiveOnes(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.sendMany("lobby", "a", 120)
		log := ann.join("lobby", `"limit":0`).Log
		for what, row := range map[string]struct {
			field string
			first int
		}{
			"without after: the last 50":      {`"x":1`, 71},
			"limit 10":                        {`"limit":10`, 111},
			"limit 1":                         {`"limit":1`, 120},
			"limit 1000: all":                 {`"limit":1000`, 1},
			"limit 0: live only":              {`"limit":0`, 121},
			"after 41":                        {`"after":41`, 42},
			"after 0: all":                    {`"after":0`, 1},
			"after the last: live only":       {`"after":120`, 121},
			"limit counts only without after": {`"after":41,"limit":5`, 42},
			"after with the right log":        {`"after":100,"log":"` + log + `"`, 101},
			"the right log alone":             {`"log":"` + log + `"`, 71},
		} {
			bob := s.dial(t, "bob")
			j := bob.join("lobby", row.field)
			if j.First != row.first || j.Last != 120 {
				t.Errorf("%s: got first %d, last %d, want %d, 120", what, j.First, j.Last, row.first)
				continue
			}
			bob.messages("lobby", row.first, 120)
			bob.drop()
		}
		// The seam: entries from the record and live ones, one sequence.
		carol := s.dial(t, "carol")
		carol.join("lobby", `"after":0`)
		ann.sendMany("lobby", "b", 30)
		carol.messages("lobby", 1, 150)
	})
}

func TestAJoinWithAnotherLogIsResetAndNothingIsJoined(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		ann.sendMany("lobby", "a", 3)
		bob.refused("reset", `{"type":"join","conversation":"lobby","after":2,"log":"0123456789abcdef"}`)
		// Also where the seq is beyond the last: another log's seq says nothing here.
		bob.refused("reset", `{"type":"join","conversation":"lobby","after":99,"log":"0123456789abcdef"}`)
		bob.refused("not_joined", `{"type":"typing","conversation":"lobby"}`)
		// A conversation that is not there has no log, so a log from before it went is another one.
		bob.refused("reset", `{"type":"join","conversation":"gone","after":2,"log":"0123456789abcdef"}`)
		ann.sendMany("lobby", "b", 1)
		if f := bob.ask(`{"type":"ping"}`); f.Type != "pong" {
			t.Errorf("got %s", f)
		}
		bob.never(0, "an entry", ofType("message"))
	})
}

// copyOf copies a stopped server's data folder. putBack replaces the folder by the copy.
func copyOf(t *testing.T, s *server) (putBack func()) {
	t.Helper()
	older := t.TempDir()
	if err := os.CopyFS(filepath.Join(older, "data"), os.DirFS(s.data)); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := os.RemoveAll(s.data); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(s.data, os.DirFS(filepath.Join(older, "data"))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnOlderCopyOfTheDataPutBackIsNotTakenForTheSameRecord(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.sendMany("lobby", "a", 4)
		log := ann.join("lobby", `"limit":0`).Log
		s.terminate()
		putBack := copyOf(t, s)
		s.start()
		ann = s.dial(t, "ann")
		var acks []frame
		for i := range 3 { // seqs 5 to 7, which the copy does not have
			acks = append(acks, ann.send("lobby", fmt.Sprintf("b%d", i), "first history"))
		}
		s.terminate()
		putBack()
		s.start()
		known := func(seq int, sum string) string {
			return fmt.Sprintf(`{"type":"join","conversation":"lobby","after":%d,"log":"%s",`+
				`"known":%[1]d,"sum":"%[3]s"}`, seq, log, sum)
		}
		bob := s.dial(t, "bob")
		bob.refused("reset", known(6, acks[1].Sum)) // there is no entry 6
		ann = s.dial(t, "ann")
		fourth := s.get(t, "/api/conversations/lobby/messages?after=3").is(t, 200)
		var page struct{ Sum string }
		fourth.into(t, &page)
		for i := range 4 { // seqs 5 to 8 of another history
			ann.send("lobby", fmt.Sprintf("c%d", i), "second history")
		}
		bob.refused("reset", known(6, acks[1].Sum)) // entry 6 has another sum
		bob.refused("reset", known(7, acks[2].Sum))
		bob.refused("not_joined", `{"type":"typing","conversation":"lobby"}`)
		j := bob.join("lobby", fmt.Sprintf(`"after":4,"log":"%s","known":4,"sum":"%s"`, log, page.Sum))
		if j.First != 5 || j.Last != 8 {
			t.Errorf("with an entry that both histories have: got %s, want first 5, last 8", j)
		}
		bob.messages("lobby", 5, 8)
	})
}

func TestWhoJoinsAnEmptyConversationLearnsItsLogFromTheFirstEntry(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		if j := bob.join("lobby"); j.Log != "" {
			t.Fatalf("empty: got %s, want no log", j)
		}
		ack := ann.send("lobby", "c1", "hi")
		first := bob.messages("lobby", 1, 1)[0]
		want := bob.join("lobby").Log
		if want == "" || first.Log != want || ack.Log != want {
			t.Errorf("the entry names the log %q, its ack %q; want %q", first.Log, ack.Log, want)
		}
		for what, f := range map[string]frame{"the entry": first, "the ack": ack} {
			if names, _ := fields([]byte(f.Raw)); names[len(names)-1] != "log" {
				t.Errorf("%s: log is not the last field: %s", what, f)
			}
		}
		if again := ann.send("lobby", "c1", "hi"); !again.Duplicate || again.Log != want {
			t.Errorf("sent again: got %s, want a duplicate with the log", again)
		}
		if second := ann.send("lobby", "c2", "ho"); second.has("log") {
			t.Errorf("the second ack names the log: %s", second)
		}
		ann.refused("reset", `{"type":"send","conversation":"lobby","id":"c3","text":"x","log":"0123456789abcdef"}`)
		ann.refused("reset", `{"type":"send","conversation":"nowhere","id":"c3","text":"x","log":"%s"}`, want)
		if third := ann.send("lobby", "c3", "x", `"log":"`+want+`"`); third.Seq != 3 {
			t.Errorf("with the right log: got %s, want seq 3", third)
		}
	})
}

func TestALogStaysThroughARestart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	ann.sendMany("lobby", "a", 3)
	before := ann.join("lobby")
	s.crash()
	after := s.dial(t, "ann").join("lobby", `"after":2`, `"log":"`+before.Log+`"`)
	if after.Log != before.Log || after.Last != 3 || after.Sum != before.Sum {
		t.Errorf("before %s, after the restart %s", before, after)
	}
}

// much fills a conversation with 8 MB, more than the sockets between take, so that a stream of it is cut in its middle.
func much(ann *client, conversation string) (last int) {
	ann.t.Helper()
	const n = 500
	text := strings.Repeat("x", 16000)
	for range n {
		ann.say(`{"type":"send","conversation":"%s","text":"%s"}`, conversation, text)
	}
	for range n {
		last = ann.expect("an ack", in("ack", conversation)).Seq
	}
	return last
}

func TestLeaveStopsTheEntries(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		last := much(ann, "lobby")
		bob.join("team")
		release := bob.hold()
		bob.say(`{"type":"join","conversation":"lobby","after":0}`)
		bob.say(`{"type":"leave","conversation":"lobby"}`)
		ann.sendMany("lobby", "while", 5)
		release()
		left := bob.expect("left", ofType("left"))
		if left.Conversation != "lobby" || left.has("code") || left.has("reason") {
			t.Errorf("got %s, want left lobby, and no code: it was asked for", left)
		}
		ann.sendMany("lobby", "late", 5)
		ann.sendMany("team", "late", 1)
		bob.messages("team", 1, 1)
		if f, ok := bob.await(200*time.Millisecond, later(left, in("message", "lobby"))); ok {
			t.Errorf("after left came %s", f)
		}
		if f, ok := bob.await(0, func(f frame) bool { return f.Type == "message" && f.Seq == last }); ok {
			t.Errorf("the stream was not cut, so the test proves nothing: %s", f)
		}
		bob.refused("not_joined", `{"type":"leave","conversation":"lobby"}`)
	})
}

func TestJoiningAgainStartsAnew(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		last := much(ann, "lobby")
		release := bob.hold()
		bob.say(`{"type":"join","conversation":"lobby","after":0}`)
		bob.say(`{"type":"join","conversation":"lobby","after":%d,"ref":"again"}`, last-10)
		ann.sendMany("lobby", "while", 5)
		release()
		j := bob.expect("the second joined", func(f frame) bool { return f.Type == "joined" && f.Ref == "again" })
		if j.First != last-9 {
			t.Errorf("got %s, want first %d", j, last-9)
		}
		var after []int
		for len(after) < 15 {
			after = append(after, bob.expect("an entry", later(j, in("message", "lobby"))).Seq)
		}
		for i, seq := range after {
			if seq != last-9+i {
				t.Fatalf("after the second joined came %v, want %d to %d once each", after, last-9, last+5)
			}
		}
		bob.never(200*time.Millisecond, "an entry twice", later(j, in("message", "lobby")))
	})
}

func TestASessionJoinsAtMost1000Conversations(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	for i := range 1000 {
		ann.say(`{"type":"join","conversation":"c%d","ref":"%d"}`, i, i)
	}
	for range 1000 {
		if f := ann.expect("a reply", func(f frame) bool { return f.Ref != "" }); f.Type != "joined" {
			t.Fatalf("got %s, want joined", f)
		}
	}
	ann.refused("rate_limited", `{"type":"join","conversation":"one-too-many"}`)
	ann.join("c7") // again, which does not count as another join
	if f := ann.ask(`{"type":"leave","conversation":"c7"}`); f.Type != "left" {
		t.Fatalf("got %s", f)
	}
	ann.join("one-too-many")
}

func TestWhoIsOnlineIsSortedByBytesAndCountsUsersNotSessions(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		for _, name := range []string{"zoe", "Zed", "éva", "ann", "ann", "a b"} {
			s.dial(t, name).join("lobby")
		}
		j := s.dial(t, "mid").join("lobby")
		if got := strings.Join(j.Online, ","); got != "Zed,a b,ann,mid,zoe,éva" || j.Count != 6 {
			t.Errorf("got %s, count %d, want Zed,a b,ann,mid,zoe,éva, count 6", got, j.Count)
		}
	})
}

func TestWhoFollowsGetsTheLastAtMostOnceASecondAndNoEntries(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		ann.sendMany("lobby", "a", 3)
		j := bob.join("lobby", `"messages":false`)
		if j.Last != 3 {
			t.Errorf("got %s, want last 3", j)
		}
		began := time.Now()
		ack := ann.send("lobby", "", "hi")
		bob.expect("a first last", in("last", "lobby"))
		for range 25 { // for about 2.5 s
			ack = ann.send("lobby", "", "hi")
			bob.never(100*time.Millisecond, "an entry", ofType("message"))
		}
		final := bob.expect("the newest last", func(f frame) bool { return f.Type == "last" && f.Last == ack.Seq })
		if final.Time != ack.Time {
			t.Errorf("last %s, want the time of the entry, %s", final, ack.Time)
		}
		earlier := 0
		for {
			f, ok := bob.await(0, in("last", "lobby"))
			if !ok {
				break
			}
			if f.Last <= 3 {
				t.Errorf("nothing new: %s", f)
			}
			earlier++
		}
		if took := time.Since(began); earlier > int(took.Seconds())+1 {
			t.Errorf("%d `last` before the final one in %v, want at most one a second", earlier, took)
		}
		// Following is a join: it may be left, and joined again with the entries.
		bob.join("lobby", `"after":28`)
		bob.messages("lobby", 29, 29)
	})
}
