package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cycles is how often a storm is hit: few in `make test`, as many as VERBATIM_CYCLES says in `make drills`.
func cycles(t testing.TB, few int) int {
	t.Helper()
	s := os.Getenv("VERBATIM_CYCLES")
	if s == "" {
		return few
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("VERBATIM_CYCLES=%q: say a number", s)
	}
	return n
}

// Promises 1 to 5: kill -9 at any moment takes back nothing that was acked or seen, leaves no gap, repeats nothing,
// and what is sent again is recorded once.
func TestKill9UnderLoadLosesNothingThatWasAckedOrSeen(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		st := startStorm(t, s, false)
		for range cycles(t, 6) {
			st.moreAcks(300)
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond) // anywhere in a batch
			s.crash()
			st.check("after kill -9")
		}
		st.moreAcks(100)
		st.stop()
	})
}

// The same with a drain in place of the kill: SIGTERM loses nothing either, and exits 0.
func TestARestartUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	st := startStorm(t, s, false)
	for range cycles(t, 2) {
		st.moreAcks(300)
		if code := s.terminate(); code != 0 {
			t.Fatalf("exit %d, want 0", code)
		}
		s.start()
		st.check("after a restart")
	}
	st.stop()
}

// A power cut tears the end of a transcript that was written and not yet synced; the journal still has what is missing.
func TestATornEndOfATranscriptIsMendedByTheStart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	const n = 1000
	ann.sendMany("lobby", "a", n)
	log := ann.join("lobby").Log
	path := s.transcriptPath("lobby")
	var size int64
	eventually(t, "something is written to the transcript", func() bool {
		info, err := os.Stat(path)
		if err == nil {
			size = info.Size()
		}
		return size > 1000
	})
	s.kill()
	if err := os.Truncate(path, size-10); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := verbatim(t, "verify", "--data", s.data); code != 0 {
		t.Errorf("verify: exit %d, want 0, what a start would mend is whole: %s%s", code, stdout, stderr)
	}
	s.start()
	bob := s.dial(t, "bob")
	if j := bob.join("lobby", `"after":0`); j.Last != n || j.Log != log {
		t.Fatalf("got %s, want last %d of log %s", j, n, log)
	}
	bob.messages("lobby", 1, n)
	readRecord(t, s.transcriptUpTo(t, "lobby", n))
}

// So much between two crashes that the journal opens new segments, checkpoints them and removes the old ones meanwhile.
func TestKill9WhileTheJournalTurnsItsSegmentsOverLosesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const n, rooms = 1500, 20
	text := strings.Repeat("y", 16000)
	total := 0
	for range cycles(t, 3) {
		ann := s.dial(t, "ann")
		go func() { // ends when all is sent, or with the connection
			for i := range 4 * n {
				if ann.write(1, fmt.Sprintf(`{"type":"send","conversation":"room-%d","text":"%s"}`, i%rooms, text)) != nil {
					return
				}
			}
		}()
		acked := map[string]frame{} // the last ack of each room
		for range n {
			f := ann.expect("an ack", ofType("ack"))
			acked[f.Conversation] = f
		}
		s.crash()
		total += n
		bob := s.dial(t, "bob")
		for room, ack := range acked {
			p := bob.history(room, fmt.Sprintf(`"after":%d`, ack.Seq-1), `"limit":1`)
			if len(p.entries) != 1 || p.entries[0].Seq != ack.Seq || p.entries[0].Time != ack.Time || p.entries[0].Text != text {
				t.Fatalf("%s: what was acked at %d is %v", room, ack.Seq, p.entries)
			}
		}
		args := []string{"verify", "--data", s.data}
		for room, ack := range acked {
			args = append(args, "--receipt", fmt.Sprintf("%s:%d:%s", room, ack.Seq, ack.Sum))
		}
		if code, stdout, stderr := verbatim(t, args...); code != 0 {
			t.Fatalf("verify after %d acks: exit %d: %s%s", total, code, tail(stdout, 800), tail(stderr, 800))
		}
	}
}
