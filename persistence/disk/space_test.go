package disk

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
)

// spaceFS is a file system that has as much space as a test says, by the folder's name.
type spaceFS struct {
	vfs.OS
	mu    sync.Mutex
	space map[string]any // int64: so many bytes are free; error: nothing can be made
}

func (f *spaceFS) set(folder string, space any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.space[folder] = space
}

func (f *spaceFS) Space(dir string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch space := f.space[filepath.Base(dir)].(type) {
	case int64:
		return space, nil
	case error:
		return 0, space
	}
	return math.MaxInt64, nil
}

// lockedLog is a log that a test reads while the record writes it.
type lockedLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// It is known before the first send meets it, and it mends itself.
func TestARecordThatHasNoRoomIsNotReadyFromTheStartAndIsOnceThereIs(t *testing.T) {
	for name, c := range map[string]struct {
		folder string
		space  any
		log    []string
	}{
		"a disk smaller than a segment": {"journal", int64(60 << 10), []string{"it takes 65536 bytes, and its disk has 61440", "000000000001.journal", "make room"}},
		"no inodes for a segment":       {"journal", error(syscall.ENOSPC), []string{"000000000001.journal", "df -i"}},
		"a quota that is used up":       {"journal", error(syscall.EDQUOT), []string{"000000000001.journal", "the quota is used up"}},
		"too many open files":           {"journal", error(syscall.EMFILE), []string{"000000000001.journal", "ulimit -n"}},
		"a read-only journal":           {"journal", error(syscall.EROFS), []string{"000000000001.journal", "mount it so that it can be written"}},
		"transcripts on a full disk":    {"transcripts", int64(0), []string{"transcripts", "make room"}},
		"read-only transcripts":         {"transcripts", error(syscall.EROFS), []string{"transcripts", "mount it so that it can be written"}},
	} {
		t.Run(name, func(t *testing.T) {
			fs := &spaceFS{space: map[string]any{c.folder: c.space}}
			log := &lockedLog{}
			b := bench(t, t.TempDir(), Options{FS: fs, SegmentSize: 64 << 10, Retry: time.Millisecond, Log: zerolog.New(log)})
			for range 3 {
				if err := b.Record.Ready(); err == nil {
					t.Fatal("the record says that it is ready")
				}
			}
			for _, want := range c.log {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log does not say %q: %s", want, log.String())
				}
			}
			if n := strings.Count(log.String(), `"level":"error"`); n != 1 {
				t.Errorf("%d errors are logged, want one: %s", n, log.String())
			}
			fs.set(c.folder, int64(math.MaxInt64))
			eventually(t, "the record is ready", func() bool { return b.Record.Ready() == nil })
			b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
			if !strings.Contains(log.String(), `"level":"info"`) {
				t.Errorf("the log does not say that it is well again: %s", log.String())
			}
		})
	}
}

func TestARunningRecordWhoseDiskIsMadeReadOnlyIsNotReadyBeforeTheFirstSend(t *testing.T) {
	fs := &spaceFS{space: map[string]any{}}
	b := bench(t, t.TempDir(), Options{FS: fs, SegmentSize: 64 << 10, Retry: time.Millisecond})
	b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
	if err := b.Record.Ready(); err != nil {
		t.Fatalf("on a disk that is well: %v", err)
	}
	for _, folder := range []string{"journal", "transcripts"} {
		fs.set(folder, error(syscall.EROFS))
		eventually(t, "the record is not ready", func() bool { return errors.Is(b.Record.Ready(), syscall.EROFS) })
		fs.set(folder, int64(math.MaxInt64))
		eventually(t, "the record is ready", func() bool { return b.Record.Ready() == nil })
	}
}

// A checkpoint ends the journal's segment, so that the next send needs one.
func TestARecordThatHasAsMuchAsItNeedsForNowIsReadyUntilItNeedsMore(t *testing.T) {
	fs := &spaceFS{space: map[string]any{}}
	b := bench(t, t.TempDir(), Options{FS: fs, SegmentSize: 64 << 10, Retry: time.Millisecond})
	r := b.Record.(*Record)
	awaitPrepared(r)
	fs.set("journal", int64(0))
	for range 2 * journal.AheadSegments {
		ready := r.Ready()
		send := recordtest.Say("lobby", "ann", "", "one more")
		recordtest.Commit(r, send)
		if (ready == nil) != (send.Err == nil) {
			t.Fatalf("Ready said %v, and then the send was answered with %v", ready, send.Err)
		}
		must(t, r.checkpoints.checkpoint(t.Context()))
	}
	if r.Ready() == nil {
		t.Error("the record is ready without a segment")
	}
}

// heldFS lets no segment be made until it is told to.
type heldFS struct {
	vfs.OS
	let chan struct{}
}

func (f heldFS) Space(dir string) (int64, error) {
	if filepath.Base(dir) == "journal" {
		<-f.let
	}
	return math.MaxInt64, nil
}

func TestARecordWhoseFirstSegmentIsStillBeingMadeIsNotReadyYet(t *testing.T) {
	fs := heldFS{let: make(chan struct{})}
	b := bench(t, t.TempDir(), Options{FS: fs, SegmentSize: 64 << 10})
	if err := b.Record.Ready(); !errors.Is(err, journal.ErrPreparing) {
		t.Errorf("Ready says %v, want that it is being made", err)
	}
	close(fs.let)
	eventually(t, "the record is ready", func() bool { return b.Record.Ready() == nil })
}
