package disk

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
	"verbatim/persistence/vfs/vfstest"
	"verbatim/protocol"
)

// crash gives a copy of a data directory as it is now: what kill -9 leaves behind.
func crash(t testing.TB, dir string) string {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return copied
}

// bench is a record in a directory, with the suite's words.
func bench(t *testing.T, dir string, opts Options) *recordtest.Bench {
	return &recordtest.Bench{T: t, Record: open(t, dir, opts)}
}

// segmentsIn gives the paths of a directory's segments, oldest first.
func segmentsIn(t testing.TB, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "journal", "*"+journal.Suffix))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	return paths
}

func TestWhatWasAckedSurvivesKill9(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	for i := range 10 {
		b.Fill(fmt.Sprint("room-", i), 100, 7)
	}
	b.Record.Mark("room-3", "ann", 50)
	dead := bench(t, crash(t, dir), Options{})
	for i := range 10 {
		id := fmt.Sprint("room-", i)
		if got, want := dead.Tail(id), b.Tail(id); got != want {
			t.Errorf("%s: the tail is %+v, want %+v", id, got, want)
		}
		if got, want := dead.All(id, 1), b.All(id, 1); !slices.Equal(got, want) {
			t.Errorf("%s: the entries are not those that were acked", id)
		}
		s := recordtest.Say(id, "ann", "x", "more")
		if dead.Accept(s); s.Seq != 101 {
			t.Errorf("%s: the next entry is %d, want 101", id, s.Seq)
		}
	}
}

func TestCrashAfterCrashLosesNothing(t *testing.T) {
	dir := t.TempDir()
	want := protocol.Seq(0)
	for range 5 {
		b := bench(t, dir, Options{})
		if got := b.Tail("lobby").Last; got != want {
			t.Fatalf("last is %d, want %d", got, want)
		}
		b.Fill("lobby", 30, 4)
		want += 30
		dir = crash(t, dir)
	}
}

// powerDir is where a record is in a file system whose power can be cut.
const powerDir = "/data"

func newPowerFS(seed uint64) *vfstest.FS {
	return vfstest.New(rand.New(rand.NewPCG(seed, 1)), vfstest.Driver{})
}

// begin opens a record that the test itself abandons or closes.
func begin(t *testing.T, dir string, fs vfs.FS) (*Record, *recordtest.Bench) {
	t.Helper()
	r, err := Open(t.Context(), dir, Options{FS: fs, SegmentSize: testSegment})
	if err != nil {
		t.Fatal(err)
	}
	return r, &recordtest.Bench{T: t, Record: r}
}

// abandon ends a record's goroutines and leaves its files as they are: what kill -9 does, as far as a test can.
func (r *Record) abandon() {
	r.closing.Do(func() {
		r.closed.Store(true)
		r.stopBackground()
		r.journal.Kill()
		r.background.Wait()
		r.files.CloseAll()
		if r.volume != nil {
			_ = r.volume.Close()
		}
		_ = r.lock.Close()
	})
}
