package disk

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
)

func TestATornTailIsCutOffWhereverItIsTorn(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{SegmentSize: 64 << 10})
	b.Fill("lobby", 3, 1)
	before := b.All("lobby", 1)
	used := b.Record.(*Record).Stats().JournalBytes
	b.Accept(recordtest.Say("lobby", "ann", "a4", strings.Repeat("t", 6000))) // a block of two pages
	after := b.All("lobby", 1)
	end := b.Record.(*Record).Stats().JournalBytes
	dead := crash(t, dir)
	path := segmentsIn(t, dead)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(journal.BlockHead + binary.LittleEndian.Uint32(whole[used+8:])) // of the block; what follows is padding
	for _, torn := range []string{"zeros", "noise", "short"} {
		for at := used; at < end; at += 211 {
			content := slices.Clone(whole)
			switch torn {
			case "zeros":
				clear(content[at:end])
			case "noise":
				for i := at; i < end; i++ {
					content[i] ^= 0x5a
				}
			case "short":
				content = content[:at]
			}
			start := t.TempDir()
			if err := os.CopyFS(start, os.DirFS(dead)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(start, "journal", filepath.Base(path)), content, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Open(t.Context(), start, Options{SegmentSize: 64 << 10})
			if err != nil {
				t.Fatalf("%s from %d on: %v", torn, at, err)
			}
			again := &recordtest.Bench{T: t, Record: r}
			got := again.All("lobby", 1)
			if whole := at-used >= size; !whole && !slices.Equal(got, before) || whole && !slices.Equal(got, after) {
				t.Fatalf("%s from %d on (the block is at %d to %d): %d entries", torn, at, used, end, len(got))
			}
			again.Accept(recordtest.Say("lobby", "ann", "a5", "goes on"))
			r.abandon()
			if _, err := verify(t, start); err != nil {
				t.Fatalf("%s from %d on: %v", torn, at, err)
			}
		}
	}
}

func TestDamageThatNoCrashExplainsStopsTheStartWithFileAndOffset(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{SegmentSize: 64 << 10})
	for i := range 40 {
		b.Accept(recordtest.Say("lobby", "ann", "", fmt.Sprint(i, strings.Repeat("d", 3000))))
	}
	segments := segmentsIn(t, dir)
	if b.Record.(*Record).Stats().JournalSegments < 3 {
		t.Fatalf("there are %d segments, want 3", len(segments))
	}
	for name, c := range map[string]struct {
		segment int
		offset  int64
		want    string
	}{
		"the head of the first":   {0, 10, "offset 0"},
		"a block of the first":    {0, 3*journal.BlockAlign + 100, "offset 12288"},
		"the head of the last":    {2, 10, "offset 0"},
		"a block of the last":     {2, journal.BlockAlign + 100, "offset 4096"},
		"the first one's removal": {0, -1, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			dead := crash(t, dir)
			path := segmentsIn(t, dead)[c.segment]
			if c.offset < 0 {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				// The catalogue says that nothing was folded.
				if err := os.WriteFile(datadir.CataloguePath(dead), (&datadir.Catalogue{Floor: 1}).Encode(), 0o600); err != nil {
					t.Fatal(err)
				}
			} else {
				flip(t, path, c.offset)
			}
			r, err := Open(t.Context(), dead, Options{SegmentSize: 64 << 10})
			if err == nil {
				_ = r.Close()
				t.Fatal("it starts")
			}
			if !strings.Contains(err.Error(), filepath.Base(path)) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("it says %q, want one line with %s and %s", err, filepath.Base(path), c.want)
			}
			if _, err := verify(t, dead); err == nil {
				t.Error("verify finds nothing")
			}
		})
	}
}

func flip(t *testing.T, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
}

// A folder's changes may reach the disk in any order: a segment whose removal was not yet there stays behind alone.
func TestAnOldSegmentThatIsStillThereCutsNothingOff(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	b.Fill("lobby", 20, 3)
	old := segmentsIn(t, dir)[0]
	content, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := func() {
		if err := b.Record.(*Record).checkpoints.checkpoint(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint()
	b.Fill("lobby", 20, 3)
	checkpoint()
	want := b.All("lobby", 1)
	for _, catalogue := range []bool{true, false} {
		dead := crash(t, dir)
		if err := os.WriteFile(filepath.Join(dead, "journal", filepath.Base(old)), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if !catalogue {
			if err := os.Remove(datadir.CataloguePath(dead)); err != nil {
				t.Fatal(err)
			}
		}
		if got := bench(t, dead, Options{}).All("lobby", 1); !slices.Equal(got, want) {
			t.Errorf("with a catalogue %v: %d entries, want %d", catalogue, len(got), len(want))
		}
	}
}

// removals notes which segments are removed, and when their folder is synced.
type removals struct {
	vfs.OS
	mu    sync.Mutex
	noted []string
}

func (f *removals) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noted = append(f.noted, what)
}

func (f *removals) Remove(path string) error {
	if inJournal(path) {
		f.note("remove")
	}
	return f.OS.Remove(path)
}

func (f *removals) SyncDir(path string) error {
	if filepath.Base(path) == "journal" {
		f.note("sync")
	}
	return f.OS.SyncDir(path)
}

// A power cut keeps removals in any order: without a sync between them it may leave the older segment and take the
// newer. Where the catalogue is lost then, that is a hole, which nothing tells from damage.
func TestAStartRemovesOldSegmentsOneAfterAnother(t *testing.T) {
	dir := t.TempDir()
	b, old := bench(t, dir, Options{}), make(map[string][]byte)
	for range 2 {
		b.Fill("lobby", 20, 3)
		path := segmentsIn(t, dir)[0]
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		old[filepath.Base(path)] = content
		if err := b.Record.(*Record).checkpoints.checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	dead := crash(t, dir)
	for name, content := range old {
		if err := os.WriteFile(filepath.Join(dead, "journal", name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fs := &removals{}
	open(t, dead, Options{FS: fs})
	fs.mu.Lock()
	defer fs.mu.Unlock()
	first := slices.Index(fs.noted, "remove")
	if first < 0 || len(fs.noted) < first+4 || !slices.Equal(fs.noted[first:first+4], []string{"remove", "sync", "remove", "sync"}) {
		t.Errorf("the start did %v, want each removal synced before the next", fs.noted)
	}
}

func TestWhatACrashLeftBeyondTheJournalIsCutOff(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	b.Fill("lobby", 20, 3)
	want := b.All("lobby", 1)
	dead := crash(t, dir)
	path := filepath.Join(dead, "transcripts", "lobby.jsonl")
	torn := strings.Repeat("\x00", 10000) // blocks that the file got and that were never filled
	if err := os.WriteFile(path, []byte(torn), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(t, dead); err != nil {
		t.Errorf("what a start would mend is not whole: %v", err)
	}
	again := bench(t, dead, Options{})
	if got := again.All("lobby", 1); !slices.Equal(got, want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	again.Fill("lobby", 1, 1)
	if err := again.Record.Close(); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(path); strings.Contains(string(content), "\x00") {
		t.Error("the transcript holds what was never written to it")
	}
}
