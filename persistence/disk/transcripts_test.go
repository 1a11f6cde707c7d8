package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"verbatim/persistence"
	"verbatim/persistence/datadir"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
	"verbatim/persistence/vfs/vfstest"
	"verbatim/protocol"
)

func TestALostCatalogueIsMadeAnewFromTheTranscripts(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"missing": os.Remove,
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"cut":     func(path string) error { return os.Truncate(path, 60) },
		"altered": func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[len(b)-3] ^= 1
				err = os.WriteFile(path, b, 0o600)
			}
			return err
		},
	} {
		for _, clean := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", closed cleanly ", clean), func(t *testing.T) {
				dir := t.TempDir()
				b := bench(t, dir, Options{})
				b.Fill("lobby", 20, 3)
				b.Fill("other", 20, 3)
				if err := b.Record.(*Record).checkpoints.checkpoint(context.Background()); err != nil {
					t.Fatal(err)
				}
				b.Fill("lobby", 20, 3)
				want, tail := b.All("lobby", 1), b.Tail("lobby")
				if clean {
					if err := b.Record.Close(); err != nil {
						t.Fatal(err)
					}
				}
				dead := crash(t, dir)
				if err := spoil(datadir.CataloguePath(dead)); err != nil {
					t.Fatal(err)
				}
				again := bench(t, dead, Options{})
				if again.Tail("lobby") != tail || !slices.Equal(again.All("lobby", 1), want) || again.Tail("other").Last != 20 {
					t.Fatalf("the tails are %+v and %+v, want %+v, and 20",
						again.Tail("lobby"), again.Tail("other"), tail)
				}
				again.Fill("lobby", 1, 1)
				again.Fill("other", 1, 1)
			})
		}
	}
}

func TestADamagedTranscriptIsRefusedAndOthersGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		crashed bool
		spoil   func(path string) error
	}{
		"a cut tail":             {false, func(path string) error { return os.Truncate(path, 500) }},
		"a cut tail, crashed":    {true, func(path string) error { return os.Truncate(path, 500) }},
		"a longer one":           {false, func(path string) error { return appendTo(path, "{}\n") }},
		"an altered last line":   {false, func(path string) error { return alterEnd(path) }},
		"the file is unreadable": {false, func(path string) error { return os.Truncate(path, 0) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b := bench(t, dir, Options{})
			b.Fill("lobby", 20, 3)
			b.Fill("other", 20, 3)
			if err := b.Record.(*Record).checkpoints.checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
			b.Fill("other", 1, 1)
			if c.crashed {
				b.Fill("lobby", 5, 1)
			}
			dead := crash(t, dir)
			if err := c.spoil(filepath.Join(dead, "transcripts", "lobby.jsonl")); err != nil {
				t.Fatal(err)
			}
			for range 2 { // a start does not hide it from the next
				r, err := Open(t.Context(), dead, Options{})
				if err != nil {
					t.Fatal(err)
				}
				again := &recordtest.Bench{T: t, Record: r}
				_, err = r.Read(context.Background(), "lobby", 1, 1, 1)
				if err == nil || !strings.Contains(err.Error(), "verbatim verify") {
					t.Errorf("Read says %v, want that `verbatim verify` is to be run", err)
				}
				s := recordtest.Say("lobby", "ann", "x", "x")
				if recordtest.Commit(r, s); recordtest.Code(s) != protocol.CodeUnavailable || !strings.Contains(s.Err.Reason, "verbatim verify") {
					t.Errorf("a send is %v, want unavailable", s.Err)
				}
				again.Fill("other", 1, 1)
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
			if lines, err := verify(t, dead); err == nil || lines["lobby"].Err == nil || lines["other"].Err != nil {
				t.Errorf("verify says %v: %v", err, lines)
			}
			if c.crashed {
				salvaged, _ := filepath.Glob(filepath.Join(dead, "salvaged", "lobby.*"))
				if len(salvaged) != 1 {
					t.Fatalf("the journal's lines are kept in %v", salvaged)
				}
				if content, _ := os.ReadFile(salvaged[0]); strings.Count(string(content), "\n") != 5 {
					t.Errorf("%s holds %s, want 5 lines", salvaged[0], content)
				}
			}
		})
	}
}

// A disk that cannot be read now may be read later: what it holds is not damaged, and nothing is put aside.
func TestATranscriptThatCannotBeReadRefusesTheStartAndIsNotDamage(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	b.Fill("lobby", 20, 3)
	if err := b.Record.(*Record).checkpoints.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Fill("lobby", 5, 1)
	want := b.All("lobby", 1)
	dead := crash(t, dir)

	fs := vfstest.NewFaults(vfs.OS{})
	fs.Set(func(op, path string) error {
		if op == "read" && inTranscripts(path) {
			return syscall.EIO
		}
		return nil
	})
	if r, err := Open(t.Context(), dead, Options{FS: fs}); err == nil {
		r.Close()
		t.Error("a start goes on without what it could not read")
	} else if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "lobby.jsonl") {
		t.Errorf("the start says %v, want the file that could not be read", err)
	}

	fs.Set(nil)
	again := bench(t, dead, Options{FS: fs})
	if got := again.All("lobby", 1); !slices.Equal(got, want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	if salvaged, _ := filepath.Glob(filepath.Join(dead, "salvaged", "*")); len(salvaged) != 0 {
		t.Errorf("%v was put aside", salvaged)
	}
}

func appendTo(path, text string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, text...), 0o600)
}

func alterEnd(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)-10] ^= 1
	return os.WriteFile(path, b, 0o600)
}

func TestARemovedTranscriptIsAGoneConversationAndComesBackAsAnotherLog(t *testing.T) {
	dir, _ := closed(t, 5)
	before := bench(t, crash(t, dir), Options{}).Tail("lobby")
	if err := os.Remove(filepath.Join(dir, "transcripts", "lobby.jsonl")); err != nil {
		t.Fatal(err)
	}
	b := bench(t, dir, Options{})
	if tail := b.Tail("lobby"); tail != (persistence.Tail{}) {
		t.Fatalf("its tail is %+v", tail)
	}
	b.Fill("lobby", 1, 1)
	if tail := b.Tail("lobby"); tail.Last != 1 || tail.Log == before.Log {
		t.Fatalf("it comes back as %+v, and was the log %s", tail, before.Log)
	}
}

func TestATranscriptThatWasPutThereIsTakenIn(t *testing.T) {
	from, receipt := closed(t, 5)
	dir, _ := closed(t, 1)
	content, err := os.ReadFile(filepath.Join(from, "transcripts", "lobby.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "transcripts", "lobby.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(datadir.CataloguePath(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "transcripts", "lobby.jsonl"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if tail := bench(t, dir, Options{}).Tail("lobby"); tail.Last != 5 || tail.Sum != receipt.Sum {
		t.Fatalf("its tail is %+v, want 5 and %s", tail, receipt.Sum)
	}
}
