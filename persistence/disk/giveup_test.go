package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/vfs"
)

// endingFS ends a context when the nth file of a kind is opened, or read as a whole, and counts those that come after
// it.
type endingFS struct {
	vfs.OS
	is     func(path string) bool
	read   bool // not opened
	at     int64
	end    context.CancelFunc
	passed atomic.Int64
}

type endingFile struct {
	vfs.File
	fs *endingFS
}

func (f *endingFS) pass() {
	if f.passed.Add(1) == f.at {
		f.end()
	}
}

func (f *endingFS) Open(path string, flag int) (vfs.File, error) {
	o, err := f.OS.Open(path, flag)
	if err != nil || !f.is(path) {
		return o, err
	}
	if f.read {
		return endingFile{o, f}, nil
	}
	f.pass()
	return o, nil
}

func (f endingFile) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > journal.BlockAlign {
		f.fs.pass()
	}
	return f.File.ReadAt(p, off)
}

func TestAStartThatIsToEndDoesSoBetweenTwoFilesAndLosesNothing(t *testing.T) {
	const n = 200
	from := t.TempDir()
	b := bench(t, from, Options{SegmentSize: 1 << 20})
	for i := range n {
		b.Fill("room-"+strconv.Itoa(i), 5, 1)
	}
	b.Fill("large", 100, 1)
	crashed := crash(t, from) // several segments, and all of it in them
	must(t, b.Record.Close())
	if len(segmentsIn(t, crashed)) < 3 {
		t.Fatal("the journal is too short to show anything")
	}
	must(t, os.Remove(datadir.CataloguePath(from)))
	for name, c := range map[string]struct {
		dir  string
		is   func(string) bool
		read bool
		at   int64
		more int64 // that may be under way
	}{
		"while transcripts are adopted": {from, inTranscripts, false, 20, 10},
		"while the journal is read":     {crashed, inJournal, true, 1, journal.AheadSegments}, // those that were made ahead are looked at together
		"while it is replayed":          {crashed, inTranscripts, false, 20, 10},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			fs := &endingFS{is: c.is, read: c.read, at: c.at, end: cancel}
			dir := crash(t, c.dir)
			if r, err := Open(ctx, dir, Options{FS: fs, SegmentSize: 1 << 20}); !errors.Is(err, context.Canceled) {
				if err == nil {
					_ = r.Close()
				}
				t.Fatalf("the start says %v, want that it was given up", err)
			}
			if passed := fs.passed.Load(); passed > c.at+c.more {
				t.Errorf("%d files were opened or read after it was to end", passed-c.at)
			}
			again := bench(t, dir, Options{SegmentSize: 1 << 20})
			for i := range n {
				if last := again.Tail("room-" + strconv.Itoa(i)).Last; last != 5 {
					t.Fatalf("room-%d has %d entries after the next start, want 5", i, last)
				}
			}
			if _, err := verify(t, dir); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAStartThatIsToEndBeforeItBeganDoesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := Open(ctx, dir, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the start says %v, want that it was given up", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("it made the directory: %v", err)
	}
}
