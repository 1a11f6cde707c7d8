package disk

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The order of docs/operating/backup.md, with a checkpoint between the two steps: what it removes from the journal is
// in the transcripts that are copied later.
func TestACopyOfTheJournalAndThenOfTheTranscriptsIsARecord(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	b := bench(t, dir, Options{})
	b.Fill("lobby", 100, 7)
	b.Fill("quiet", 10, 7)
	copyParts(t, dir, copied, "format", "journal")
	moveOn(t, b.Record, func() { b.Fill("lobby", 100, 7) })
	b.Fill("lobby", 100, 7)
	b.Fill("new", 10, 7)
	copyParts(t, dir, copied, "transcripts", "marks")

	got := bench(t, copied, Options{})
	for id, acked := range map[string]int{"lobby": 100, "quiet": 10} {
		all := got.All(id, 1)
		if want := b.All(id, 1); len(all) < acked || !slices.Equal(all, want[:len(all)]) {
			t.Errorf("%s: the copy has %d entries, want %d at least, and the same ones", id, len(all), acked)
		}
	}
	if r := got.Record.(*Record).Recovered(); r.Refused != 0 || r.Gone != 0 {
		t.Errorf("the start refused %d conversations, and %d were gone", r.Refused, r.Gone)
	}
}

// The other order, which was documented once: what a checkpoint moves in between is in neither copy.
func TestACopyOfTheTranscriptsAndThenOfTheJournalHasAHole(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	b := bench(t, dir, Options{})
	moveOn(t, b.Record, func() { b.Fill("lobby", 100, 7) })
	copyParts(t, dir, copied, "format", "transcripts", "marks")
	moveOn(t, b.Record, func() { b.Fill("lobby", 100, 7) })
	b.Fill("lobby", 100, 7)
	copyParts(t, dir, copied, "journal")

	r, err := Open(context.Background(), copied, Options{SegmentSize: testSegment})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if refused := r.Recovered().Refused; refused != 1 {
		t.Errorf("%d conversations are refused, want 1: else docs/operating/backup.md need not speak of the order",
			refused)
	}
}

// moveOn commits, and has a checkpoint empty the journal.
func moveOn(t *testing.T, record any, commit func()) {
	t.Helper()
	commit()
	if err := record.(*Record).checkpoints.checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func copyParts(t *testing.T, from, to string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		src, dst := filepath.Join(from, part), filepath.Join(to, part)
		info, err := os.Stat(src)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(dst, os.DirFS(src))
		} else {
			var content []byte
			if content, err = os.ReadFile(src); err == nil {
				err = os.WriteFile(dst, content, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
