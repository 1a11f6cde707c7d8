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

func TestAUsersFirstSessionJoinsAndItsLastOneLeavesAfter5s(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.join("lobby")
		bob := s.dial(t, "bob")
		bob.join("lobby")
		if f := ann.expect("bob joined", presence("joined", "lobby", "bob")); f.Count != 2 {
			t.Errorf("got %s, want count 2", f)
		}
		second := s.dial(t, "bob")
		second.join("lobby")
		ann.never(500*time.Millisecond, "presence for a second session", ofType("presence"))
		second.drop()
		gone := time.Now()
		bob.drop()
		f := ann.expect("bob left", presence("left", "lobby", "bob"))
		// It may be later on a busy machine. The tests of session check the exact time, on a clock of their own.
		if d := time.Since(gone); d < 5*time.Second {
			t.Errorf("left %v after the last session went, want 5 s", d)
		}
		if f.Count != 1 {
			t.Errorf("got %s, want count 1", f)
		}
		if j := ann.join("lobby"); !slices.Equal(j.Online, []string{"ann"}) {
			t.Errorf("got %s, want ann alone", j)
		}
		ann.never(0, "presence about oneself", about("presence", "lobby", "ann"))
	})
}

func TestWhoIsBackWithin5sMakesNoPresence(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.join("lobby")
		bob := s.dial(t, "bob")
		bob.join("lobby")
		ann.expect("bob joined", presence("joined", "lobby", "bob"))
		for {
			gone := time.Now()
			bob.drop()
			ann.never(time.Second, "presence", ofType("presence"))
			bob = s.dial(t, "bob")
			bob.join("lobby")
			if time.Since(gone) < 5*time.Second {
				break
			}
			// On a machine that stood still he was not back in time, and may have left and come.
			ann.join("lobby")
			for ok := true; ok; _, ok = ann.await(6*time.Second, ofType("presence")) {
			}
		}
		ann.never(6*time.Second, "presence", ofType("presence"))
	})
}

func TestALeaveCountsAsGoing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
	ann.join("lobby")
	bob.join("lobby")
	ann.expect("bob joined", presence("joined", "lobby", "bob"))
	if f := bob.ask(`{"type":"leave","conversation":"lobby"}`); f.Type != "left" {
		t.Fatalf("got %s", f)
	}
	ann.expect("bob left", presence("left", "lobby", "bob"))
}

func TestAboveLimitsNamesOnlyTheCountIsTold(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.join("lobby")
		const crowd = 210
		var all []*client
		for i := range crowd {
			c := s.dial(t, fmt.Sprintf("u%03d", i))
			c.join("lobby")
			all = append(all, c)
		}
		ann.expect("the count of all", func(f frame) bool {
			return f.Type == "presence" && f.Count == crowd+1 && !f.has("user") && !f.has("event")
		})
		j := ann.join("lobby")
		if j.Count != crowd+1 || len(j.Online) != 200 || !slices.IsSorted(j.Online) {
			t.Errorf("joined: count %d, %d online; want %d, and 200 sorted names", j.Count, len(j.Online), crowd+1)
		}
		all[0].say(`{"type":"typing","conversation":"lobby"}`)
		other := s.dial(t, "u001") // whose own mark it is still hears of it
		other.join("lobby")
		all[1].send("lobby", "", "hi")
		all[1].say(`{"type":"read","conversation":"lobby","seq":1}`)
		other.expect("its own user's mark", about("read", "lobby", "u001"))
		ann.never(3*time.Second, "typing or read in a crowd",
			func(f frame) bool { return f.Type == "typing" || f.Type == "read" })
		for _, c := range all[5:25] {
			c.drop()
		}
		// The whole list when it is small again, and from then on each user that leaves.
		list := ann.expect("the whole list anew", func(f frame) bool { return f.Type == "presence" && f.has("online") })
		names := list.Online
		if len(names) != list.Count || !slices.Contains(names, "ann") || !slices.IsSorted(names) {
			t.Errorf("got %d names, sorted with ann, for a count of %d", len(names), list.Count)
		}
		for len(names) > crowd+1-20 {
			left := ann.expect("who leaves",
				later(list, func(f frame) bool { return f.Type == "presence" && f.Event == "left" }))
			names = slices.DeleteFunc(names, func(name string) bool { return name == left.User })
			if left.Count != len(names) {
				t.Errorf("got %s, want count %d", left, len(names))
			}
		}
		if slices.Contains(names, "u010") || !slices.Contains(names, "u030") {
			t.Errorf("left over: %v", names)
		}
	})
}

func TestTypingIsToldToTheOthersAtMostOnceIn3sAndNeverRecorded(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob, carol := s.dial(t, "ann"), s.dial(t, "bob"), s.dial(t, "carol")
		for _, c := range []*client{ann, bob, carol} {
			c.join("lobby")
		}
		began := time.Now()
		for range 35 { // for 3.5 s
			bob.say(`{"type":"typing","conversation":"lobby"}`)
			carol.never(100*time.Millisecond, "typing of carol's own", about("typing", "lobby", "carol"))
		}
		for _, c := range []*client{ann, carol} {
			n := 0
			for {
				if _, ok := c.await(0, about("typing", "lobby", "bob")); !ok {
					break
				}
				n++
			}
			if took := time.Since(began); n < 1 || n > 1+int(took/(3*time.Second)) {
				t.Errorf("%s heard %d times in %v that bob types, want once in 3 s", c.name, n, took)
			}
		}
		bob.never(0, "one's own typing, or a reply to it",
			func(f frame) bool { return f.Type == "typing" || f.Type == "error" })
		if last := ann.join("lobby").Last; last != 0 {
			t.Errorf("last %d, want 0", last)
		}
	})
}

func TestReadMarksGoForwardAreToldAndKept(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob, bob2 := s.dial(t, "ann"), s.dial(t, "bob"), s.dial(t, "bob")
		ann.sendMany("lobby", "a", 60)
		for _, c := range []*client{ann, bob, bob2} {
			c.join("lobby")
		}
		bob.say(`{"type":"read","conversation":"lobby","seq":57}`)
		for _, c := range []*client{ann, bob2} {
			if f := c.expect("bob's mark", about("read", "lobby", "bob")); f.Seq != 57 {
				t.Errorf("%s: got %s, want 57", c.name, f)
			}
		}
		bob.never(0, "a reply", ofType("read"))
		// It never goes back, and a burst ends in its newest.
		began := time.Now()
		bob.say(`{"type":"read","conversation":"lobby","seq":12}`)
		for seq := 50; seq <= 59; seq++ {
			bob.say(`{"type":"read","conversation":"lobby","seq":%d}`, seq)
		}
		for _, c := range []*client{ann, bob2} {
			told := 0
			for last := 57; last != 59; told++ {
				f := c.expect("bob's mark", about("read", "lobby", "bob"))
				if f.Seq <= last {
					t.Errorf("%s: %s after %d: a mark went back or was told twice", c.name, f, last)
				}
				last = max(last, f.Seq)
			}
			if took := time.Since(began); told > 2+int(took/time.Second) {
				t.Errorf("%s was told %d times in %v, want at most once a second", c.name, told, took)
			}
		}
		kept := func(when string, a, b frame) {
			t.Helper()
			if a.Reads["bob"] != 59 || a.has("read") {
				t.Errorf("%s, ann: got %s, want reads bob 59, and no mark of her own", when, a)
			}
			if b.Read != 59 {
				t.Errorf("%s, bob: got %s, want read 59", when, b)
			}
		}
		kept("live", s.dial(t, "ann").join("lobby"), s.dial(t, "bob").join("lobby"))
		if code := s.terminate(); code != 0 {
			t.Errorf("exit %d", code)
		}
		s.start()
		kept("after a restart", s.dial(t, "ann").join("lobby"), s.dial(t, "bob").join("lobby"))
	})
}

func TestAReadMarkSurvivesKill9OnceItIsOnTheDisk(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
	ann.sendMany("lobby", "a", 5)
	ann.join("lobby")
	bob.join("lobby")
	bob.say(`{"type":"read","conversation":"lobby","seq":4}`)
	ann.expect("bob's mark", about("read", "lobby", "bob"))
	// The promise of marks is weaker than that of messages: a crash may lose the last second of them.
	eventually(t, "the mark is on the disk", func() bool {
		text, err := os.ReadFile(filepath.Join(s.data, "marks", "lobby.json"))
		return err == nil && strings.Contains(string(text), `"bob":4`)
	})
	s.crash()
	if j := s.dial(t, "bob").join("lobby"); j.Read != 4 {
		t.Errorf("got %s, want read 4", j)
	}
}
