package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// foundAtStart is what a start says of the record.
type foundAtStart struct {
	Level, Message, Took, Data string
	Conversations, Segments    int
	EntriesReplayed            int   `json:"entries_replayed"`
	ConversationsReplayed      int   `json:"conversations_replayed"`
	TornBytes                  int64 `json:"torn_bytes"`
	Gone                       int
}

// saidAtStart is the line about the record that the server's present life has begun with.
func (s *server) saidAtStart(t *testing.T) (f foundAtStart) {
	t.Helper()
	for _, line := range s.output.lines() {
		if strings.Contains(line, `"message":"the record `) {
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	eventually(t, "a line about the record",
		func() bool { return strings.Contains(s.output.String(), `"message":"the record `) })
	return s.saidAtStart(t)
}

func TestAStartSaysWhatItRecoveredLoudlyAfterAKillAndQuietlyAfterAnOrderlyEnd(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if f := s.saidAtStart(t); f.Level != "info" || !strings.Contains(f.Message, "empty") {
		t.Errorf("a new record: got %+v", f)
	}
	ann := s.dial(t, "ann")
	ann.sendMany("lobby", "a", 30)
	ann.send("other", "", "hi")
	s.crash()
	f := s.saidAtStart(t)
	if f.Level != "warn" || !strings.Contains(f.Message, "RECOVERED") || !strings.Contains(f.Message, "kill -9") ||
		f.EntriesReplayed != 31 ||
		f.ConversationsReplayed != 2 || f.Conversations != 2 || f.Segments < 1 || f.Took == "" || f.Data != s.data {
		t.Errorf("after kill -9: got %+v, want a warning, 31 entries of 2 conversations", f)
	}
	metrics := s.get(t, "/metrics").body
	for _, want := range []string{"\nverbatim_start_clean 0\n", "\nverbatim_start_replayed_entries 31\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s", want)
		}
	}
	if code := s.terminate(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	s.start()
	f = s.saidAtStart(t)
	if f.Level != "info" || !strings.Contains(f.Message, "closed cleanly") ||
		strings.Contains(f.Message, "RECOVERED") || f.Conversations != 2 || f.EntriesReplayed != 0 {
		t.Errorf("after an orderly end: got %+v", f)
	}
	if !strings.Contains(s.get(t, "/metrics").body, "\nverbatim_start_clean 1\n") {
		t.Error("the metric does not say that it was clean")
	}
	s.crash() // before anything was said
	if f := s.saidAtStart(t); f.Level != "warn" || f.EntriesReplayed != 0 || f.Conversations != 2 {
		t.Errorf("after a kill of an idle server: got %+v", f)
	}
}

func TestAStartSaysHowMuchOfABrokenWriteItTookAway(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.dial(t, "ann").sendMany("lobby", "a", 5)
	s.kill()
	segments, err := filepath.Glob(filepath.Join(s.data, "journal", "*.journal"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	used := segments[0]
	content, err := os.ReadFile(used)
	if err != nil {
		t.Fatal(err)
	}
	end := int64(len(strings.TrimRight(string(content), "\x00")))
	end = (end + 4095) / 4096 * 4096
	f, err := os.OpenFile(used, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("half of a block that was never whole"), end); err != nil {
		t.Fatal(err)
	}
	s.start()
	if got := s.saidAtStart(t); got.Level != "warn" || got.TornBytes != 36 || got.EntriesReplayed != 5 {
		t.Errorf("got %+v, want 36 bytes that were torn", got)
	}
	if code := s.terminate(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if err := os.Remove(s.transcriptPath("lobby")); err != nil {
		t.Fatal(err)
	}
	s.start()
	if got := s.saidAtStart(t); got.Gone != 1 || got.Level != "warn" || !strings.Contains(got.Message, "but for") ||
		strings.Contains(got.Message, "nothing had to be recovered") {
		t.Errorf("a transcript was removed: got %+v", got)
	}
}
