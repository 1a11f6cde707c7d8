package disk

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"verbatim/persistence/datadir"
	"verbatim/persistence/inspect"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
)

// dirSyncs notes which folders are synced.
type dirSyncs struct {
	vfs.OS
	mu     sync.Mutex
	synced []string
}

func (f *dirSyncs) SyncDir(path string) error {
	f.mu.Lock()
	f.synced = append(f.synced, path)
	f.mu.Unlock()
	return f.OS.SyncDir(path)
}

// A start that was killed may have made the data directory and not synced its name.
func TestAFreshRecordsOwnNameIsSyncedThoughTheFolderIsThereAlready(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	fs := &dirSyncs{}
	open(t, dir, Options{FS: fs})
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !slices.Contains(fs.synced, parent) {
		t.Errorf("the start synced %v, want %s too", fs.synced, parent)
	}
}

func TestTimeNeverGoesBackAlsoWhereTheClockDoes(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	opts := Options{Now: func() time.Time { return now }}
	b := bench(t, dir, opts)
	first := recordtest.Say("lobby", "ann", "", "one")
	b.Accept(first)
	now = now.Add(-time.Hour)
	second := recordtest.Say("lobby", "ann", "", "two")
	if b.Accept(second); second.Time < first.Time {
		t.Errorf("the second entry is at %s, after %s", second.Time, first.Time)
	}
	if err := b.Record.Close(); err != nil {
		t.Fatal(err)
	}
	third := recordtest.Say("lobby", "ann", "", "three")
	if bench(t, dir, opts).Accept(third); third.Time < first.Time {
		t.Errorf("after a restart the third is at %s, after %s", third.Time, first.Time)
	}
}

func TestASecondServerIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	if _, err := Open(t.Context(), dir, Options{}); err == nil || !strings.Contains(err.Error(), "another server") || !strings.Contains(err.Error(), "--data-dir") {
		t.Fatalf("it says %v, want that another server uses it, and what to do", err)
	}
}

func TestAnotherFormatIsRefused(t *testing.T) {
	dir, _ := closed(t, 1)
	for format, words := range map[string]string{
		`{"format":3,"id":"x"}`: "has format 3, and this program reads format 2: use a newer verbatim",
		`{"format":1,"id":"x"}`: "has format 1 of an unreleased verbatim, and this program reads format 2: give --data-dir another directory",
	} {
		if err := os.WriteFile(datadir.FormatPath(dir), []byte(format), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"Open":   func() error { _, err := Open(t.Context(), dir, Options{}); return err }(),
			"Verify": func() error { _, err := verify(t, dir); return err }(),
			"Lines":  inspect.Lines(dir, "lobby", func([]byte) error { return nil }),
		} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %s says %v, want %q", format, name, err, words)
			}
		}
	}
}

func TestATranscriptOfFormat1IsRefused(t *testing.T) {
	dir, _ := closed(t, 1)
	edit(t, dir, "lobby", func(l []string) []string {
		l[0] = strings.Replace(l[0], `"format":2`, `"format":1`, 1)
		return l
	})
	const words = `its first line has the format "1", and this program reads format 2`
	for name, look := range map[string]func() error{
		"verify": func() error {
			lines, err := verify(t, dir)
			if err == nil {
				return nil
			}
			return lines["lobby"].Err
		},
		"a read after a start": func() error {
			r := open(t, dir, Options{})
			defer r.Close()
			_, err := r.Read(context.Background(), "lobby", 1, 1, 1<<20)
			return err
		},
		"a start without a catalogue": func() error {
			if err := os.Remove(datadir.CataloguePath(dir)); err != nil {
				t.Fatal(err)
			}
			r := open(t, dir, Options{})
			defer r.Close()
			_, err := r.Read(context.Background(), "lobby", 1, 1, 1<<20)
			return err
		},
	} {
		if err := look(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", name, err, words)
		}
	}
}

func TestTheDirectoryKeepsItsIDAndItsFilesArePrivate(t *testing.T) {
	dir, _ := closed(t, 1)
	r := open(t, dir, Options{})
	id := r.ID()
	r.Mark("lobby", "ann", 1)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if again := open(t, dir, Options{}).ID(); again != id || len(id) != 36 {
		t.Errorf("the id is %q, and was %q", again, id)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if want := map[bool]os.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; err == nil && info.Mode().Perm() != want {
			t.Errorf("%s is %v, want %v", path, info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
