package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

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
	if code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data); code != 0 {
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
	for range 3 {
		ann := s.dial(t, "ann")
		go func() { // ends when all is sent, or with the connection
			for i := range 4 * n {
				send := fmt.Sprintf(`{"type":"send","conversation":"room-%d","text":"%s"}`, i%rooms, text)
				if ann.write(1, send) != nil {
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
			if len(p.entries) != 1 || p.entries[0].Seq != ack.Seq || p.entries[0].Time != ack.Time ||
				p.entries[0].Text != text {
				t.Fatalf("%s: what was acked at %d is %v", room, ack.Seq, p.entries)
			}
		}
		args := []string{"verify", "--data-dir", s.data}
		for room, ack := range acked {
			args = append(args, "--receipt", fmt.Sprintf("%s:%d:%s", room, ack.Seq, ack.Sum))
		}
		if code, stdout, stderr := verbatim(t, args...); code != 0 {
			t.Fatalf("verify after %d acks: exit %d: %s%s", total, code, tail(stdout, 800), tail(stderr, 800))
		}
	}
}
