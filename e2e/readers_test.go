package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Promise 3: all sessions see one order, whenever they joined and whatever the authors.
func TestEverySessionSeesOneOrder(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		const authors, each = 5, 200
		var sessions []*client
		for i := range authors {
			c := s.dial(t, fmt.Sprintf("author-%d", i))
			c.join("lobby")
			sessions = append(sessions, c)
		}
		var all sync.WaitGroup
		for _, c := range sessions {
			all.Go(func() {
				for n := range each {
					c.write(1,
						fmt.Sprintf(`{"type":"send","conversation":"lobby","id":"n%d","text":"%s %d"}`, n, c.name, n))
				}
			})
		}
		// Some come in the middle of it.
		for i := range 5 {
			c := s.dial(t, fmt.Sprintf("reader-%d", i))
			c.join("lobby", `"after":0`)
			sessions = append(sessions, c)
		}
		all.Wait()
		var first []frame
		for _, c := range sessions {
			got := c.messages("lobby", 1, authors*each)
			if first == nil {
				first = got
			}
			for i := range got {
				if got[i].Raw != first[i].Raw {
					t.Fatalf("seq %d: %s sees %s, %s sees %s", i+1, sessions[0].name, first[i], c.name, got[i])
				}
			}
		}
		// And of one author, the order sent.
		next := map[string]int{}
		for _, m := range first {
			if want := fmt.Sprintf("n%d", next[m.From]); m.ID != want {
				t.Fatalf("seq %d is %s of %s, want %s", m.Seq, m.ID, m.From, want)
			}
			next[m.From]++
		}
	})
}

// Promise 5: a resume returns exactly what was missed, over any distance, and continues with live entries.
func TestResumeIsExactOver20000Messages(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		const n, more = 20000, 500
		ann := s.dial(t, "ann")
		ann.sendMany("lobby", "a", n)
		log := ann.join("lobby", `"limit":0`).Log
		// Live ones come the whole time that the others catch up.
		var live sync.WaitGroup
		live.Go(func() {
			for i := range more {
				ann.write(1,
					fmt.Sprintf(`{"type":"send","conversation":"lobby","id":"live-%d","text":"live %d"}`, i, i))
				time.Sleep(2 * time.Millisecond) // a pace, not a wait: so that they fall into the catching up
			}
		})
		defer live.Wait()
		var from0 []frame
		for _, after := range []int{0, 1, 9999, n - 1001, n - 1} {
			c := s.dial(t, fmt.Sprintf("resumes-after-%d", after))
			c.join("lobby", fmt.Sprintf(`"after":%d`, after), `"log":"`+log+`"`)
			got := c.messages("lobby", after+1, n+more)
			if after == 0 {
				from0 = got
			}
			for i, m := range got {
				if m.Raw != from0[after+i].Raw {
					t.Fatalf("after %d, seq %d: %s, another session saw %s", after, m.Seq, m, from0[after+i])
				}
			}
			c.drop()
		}
	})
}

func TestWhoIsCutOffAgainAndAgainMissesNothing(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		const n = 3000
		var sending sync.WaitGroup
		sending.Go(func() {
			for i := range n {
				ann.write(1, fmt.Sprintf(`{"type":"send","conversation":"lobby","id":"n%d","text":"%d"}`, i, i))
			}
		})
		defer sending.Wait()
		at := 0
		for round := 0; at < n; round++ {
			bob := s.dial(t, "bob")
			bob.say(`{"type":"join","conversation":"lobby","after":%d}`, at)
			for range 1 + round*20 {
				if at == n {
					break
				}
				at = bob.messages("lobby", at+1, at+1)[0].Seq
			}
			bob.drop()
		}
	})
}

// Promise 6: a client that reads nothing harms nobody, and gets everything in order when it reads again.
func TestAReaderThatReadsNothingForAWhileGetsAllAndHarmsNobody(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		s.dial(t, "first").send("lobby", "", "it exists")
		fallsBehindAndCatchesUp(t, s, 1)
	})
}

// The same, joined before the first entry: then the join could not say which log it follows.
func TestAReaderThatJoinedBeforeTheFirstEntryFallsBehindAndCatchesUp(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) { fallsBehindAndCatchesUp(t, s, 0) })
}

// fallsBehindAndCatchesUp writes far more than the sockets' buffers hold while one reader holds still; `there` entries
// are in the lobby before.
func fallsBehindAndCatchesUp(t *testing.T, s *server, there int) {
	ann, fast, slow := s.dial(t, "ann"), s.dial(t, "fast"), s.dial(t, "slow")
	fast.join("lobby", `"limit":0`)
	slow.join("lobby", `"limit":0`)
	release := slow.hold()
	const n, size = 2000, 8000 // 16 MB
	text := strings.Repeat("x", size)
	go func() { // ends when all is sent, or the connection is gone
		for range n {
			if ann.write(1, `{"type":"send","conversation":"lobby","text":"`+text+`"}`) != nil {
				return
			}
		}
	}()
	fast.messages("lobby", there+1, there+n)
	if f := s.dial(t, "third").send("lobby", "t", "hi"); f.Seq != there+n+1 {
		t.Errorf("got %s", f)
	}
	release()
	slow.messages("lobby", there+1, there+n+1)
}

func TestOneWhoseTCPTakesNothingForTheWriteTimeoutIsClosedAndOneThatTakesALittleIsNot(t *testing.T) {
	t.Parallel()
	s := serve(t, "--write-timeout", "10s") // long beside the moments in which a busy machine runs no reader
	ann, stuck, slow := s.dial(t, "ann"), s.dial(t, "stuck"), s.dial(t, "slow")
	ann.send("lobby", "", "it exists")
	for _, c := range []*client{ann, stuck, slow} {
		c.join("lobby", `"limit":0`)
	}
	release := stuck.hold()
	stop, stopped := make(chan struct{}), make(chan struct{})
	halt := slow.hold()
	go func() { // ends when the test says: slow reads for 30 ms in every 330 ms
		defer close(stopped)
		for {
			time.Sleep(300 * time.Millisecond)
			halt()
			time.Sleep(30 * time.Millisecond)
			select {
			case <-stop:
				return
			default:
				halt = slow.hold()
			}
		}
	}()
	const n = 3000
	text := strings.Repeat("x", 8000)
	go func() { // ends when all is sent
		for range n {
			if ann.write(1, `{"type":"send","conversation":"lobby","text":"`+text+`"}`) != nil {
				return
			}
		}
	}()
	ann.expect("stuck left, 10 s and 5 s after its last byte", presence("left", "lobby", "stuck"))
	release()
	<-stuck.ended
	close(stop)
	<-stopped
	slow.messages("lobby", 2, n+1)
	if f := slow.ask(`{"type":"ping"}`); f.Type != "pong" {
		t.Errorf("slow: got %s", f)
	}
}

// Replies that nobody takes have a bound, too: the session is read no more until it reads again, and then it has them
// all.
func TestOneThatTakesNoRepliesIsReadNoMoreAndLosesNone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	bob := s.dial(t, "bob")
	bob.send("lobby", "c1", strings.Repeat("x", 16000))
	release := ann.hold()
	const n = 2000 // each reply is 16 kB: 32 MB, more than sockets hold
	written := make(chan int, 1)
	go func() { // ends when all is written, which must wait for the release, or the connection is gone
		i := 0
		for ; i < n; i++ {
			filling := strings.Repeat("y", 4000)
			request := fmt.Sprintf(`{"type":"history","conversation":"lobby","ref":"%d","filling":"%s"}`, i, filling)
			if ann.write(1, request) != nil {
				break
			}
		}
		written <- i
	}()
	for i := range 20 {
		bob.send("lobby", "", fmt.Sprintf("beside %d", i))
	}
	release()
	for i := range n {
		f := ann.expect("reply "+fmt.Sprint(i), func(f frame) bool { return f.Ref == fmt.Sprint(i) })
		if f.Type != "history" {
			t.Fatalf("got %s", f)
		}
	}
	if got := <-written; got != n {
		t.Errorf("%d of %d requests could be written", got, n)
	}
}
