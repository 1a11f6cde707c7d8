package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/recordtest"
	"verbatim/protocol"
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
	size := int64(blockHead + binary.LittleEndian.Uint32(whole[used+8:])) // of the block; what follows is padding
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
			r, err := Open(start, Options{SegmentSize: 64 << 10})
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
		"a block of the first":    {0, 3*blockAlign + 100, "offset 12288"},
		"the head of the last":    {2, 10, "offset 0"},
		"a block of the last":     {2, blockAlign + 100, "offset 4096"},
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
				if err := os.WriteFile(cataloguePath(dead), (&catalogue{floor: 1}).encode(), 0o600); err != nil {
					t.Fatal(err)
				}
			} else {
				flip(t, path, c.offset)
			}
			r, err := Open(dead, Options{SegmentSize: 64 << 10})
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
				if err := spoil(cataloguePath(dead)); err != nil {
					t.Fatal(err)
				}
				again := bench(t, dead, Options{})
				if again.Tail("lobby") != tail || !slices.Equal(again.All("lobby", 1), want) || again.Tail("other").Last != 20 {
					t.Fatalf("the tails are %+v and %+v, want %+v, and 20", again.Tail("lobby"), again.Tail("other"), tail)
				}
				again.Fill("lobby", 1, 1)
				again.Fill("other", 1, 1)
			})
		}
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
			if err := os.Remove(cataloguePath(dead)); err != nil {
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
	osFS
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
	return f.osFS.Remove(path)
}

func (f *removals) SyncDir(path string) error {
	if filepath.Base(path) == "journal" {
		f.note("sync")
	}
	return f.osFS.SyncDir(path)
}

// A power cut keeps removals in any order: without a sync between them it may leave the older segment and take the newer.
// Where the catalogue is lost then, that is a hole, which nothing tells from damage.
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

// dirSyncs notes which folders are synced.
type dirSyncs struct {
	osFS
	mu     sync.Mutex
	synced []string
}

func (f *dirSyncs) SyncDir(path string) error {
	f.mu.Lock()
	f.synced = append(f.synced, path)
	f.mu.Unlock()
	return f.osFS.SyncDir(path)
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
				r, err := Open(dead, Options{})
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

	fs := &faultFS{}
	fs.set(func(op, path string) error {
		if op == "read" && inTranscripts(path) {
			return syscall.EIO
		}
		return nil
	})
	if r, err := Open(dead, Options{FS: fs}); err == nil {
		r.Close()
		t.Error("a start goes on without what it could not read")
	} else if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "lobby.jsonl") {
		t.Errorf("the start says %v, want the file that could not be read", err)
	}

	fs.set(nil)
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
	if err := os.Remove(cataloguePath(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "transcripts", "lobby.jsonl"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if tail := bench(t, dir, Options{}).Tail("lobby"); tail.Last != 5 || tail.Sum != receipt.Sum {
		t.Fatalf("its tail is %+v, want 5 and %s", tail, receipt.Sum)
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
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another server") || !strings.Contains(err.Error(), "--data") {
		t.Fatalf("it says %v, want that another server uses it, and what to do", err)
	}
}

func TestANewerFormatIsRefused(t *testing.T) {
	dir, _ := closed(t, 1)
	if err := os.WriteFile(formatPath(dir), []byte(`{"format":2,"id":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Open":   func() error { _, err := Open(dir, Options{}); return err }(),
		"Verify": func() error { _, err := verify(t, dir); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), "newer verbatim") {
			t.Errorf("%s says %v, want that a newer program is needed", name, err)
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
