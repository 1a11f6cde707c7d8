package disk

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
	"verbatim/persistence/vfs/vfstest"
	"verbatim/protocol"
)

func inJournal(path string) bool     { return filepath.Base(filepath.Dir(path)) == "journal" }
func inTranscripts(path string) bool { return filepath.Base(filepath.Dir(path)) == "transcripts" }

// once fails the first operation of a kind on the segment that the journal writes now. The preparer makes others
// meanwhile.
func once(kind string, r *Record) func(op, path string) error {
	live := r.journal.Paths()
	current := live[len(live)-1]
	var done atomic.Bool
	return func(op, path string) error {
		if op == kind && path == current && !done.Swap(true) {
			return syscall.EIO
		}
		return nil
	}
}

func TestAfterAFailedWriteOrSyncNothingIsAckedOrSeenAndTheSameIDsStandOnce(t *testing.T) {
	for _, kind := range []string{"write", "sync"} {
		t.Run(kind, func(t *testing.T) {
			fs := vfstest.NewFaults(vfs.OS{})
			dir := t.TempDir()
			b := bench(t, dir, Options{FS: fs})
			b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
			before := b.Tail("lobby")
			awaitPrepared(b.Record.(*Record))

			fs.Set(once(kind, b.Record.(*Record)))
			refused, alone := recordtest.Say("lobby", "ann", "a2", "two"), recordtest.Say("fresh", "ann", "a1", "one")
			batch := recordtest.Commit(b.Record, refused)
			if recordtest.Code(refused) != protocol.CodeUnavailable || batch != nil || refused.Seq != 0 || refused.Err.RetryAfter == 0 {
				t.Fatalf("the send is %+v, and the batch %v; want unavailable, and none", refused, batch)
			}
			if tail := b.Tail("lobby"); tail != before {
				t.Fatalf("the tail is %+v, want %+v", tail, before)
			}
			b.Accept(alone)

			for name, at := range map[string]*recordtest.Bench{"at once": b, "after a crash": bench(t, crash(t, dir), Options{})} {
				if n := at.Tail("lobby").Last; n != 1 {
					t.Fatalf("%s: last is %d, want 1", name, n)
				}
				other, again := recordtest.Say("lobby", "bob", "b1", "between"), recordtest.Say("lobby", "ann", "a2", "two")
				at.Accept(other, again)
				if other.Seq != 2 || again.Seq != 3 {
					t.Fatalf("%s: the seqs are %d and %d, want 2 and 3", name, other.Seq, again.Seq)
				}
				if again = recordtest.Say("lobby", "ann", "a2", "two"); at.Commit(again) != nil || !again.Duplicate || again.Seq != 3 {
					t.Fatalf("%s: the id is not on the record once: %+v", name, again)
				}
			}
			dead := bench(t, crash(t, dir), Options{})
			if got, want := dead.All("lobby", 1), b.All("lobby", 1); strings.Join(got, "") != strings.Join(want, "") {
				t.Fatalf("after a crash the entries are %v, want %v", got, want)
			}
		})
	}
}

// awaitPrepared returns once a segment is ready, so that the next failure is not the preparer's.
func awaitPrepared(r *Record) {
	for r.journal.Prepared() == 0 {
		time.Sleep(time.Millisecond)
	}
}

func TestARefusedMessageThatReachedTheDiskDoesNotComeBack(t *testing.T) {
	fs := vfstest.NewFaults(vfs.OS{})
	dir := t.TempDir()
	b := bench(t, dir, Options{FS: fs})
	b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
	awaitPrepared(b.Record.(*Record))
	fs.Set(once("sync", b.Record.(*Record))) // the write itself succeeds
	refused := recordtest.Say("lobby", "ann", "a2", "refused")
	if recordtest.Commit(b.Record, refused); refused.Err == nil {
		t.Fatal("the send was accepted")
	}
	dead := bench(t, crash(t, dir), Options{})
	if all := dead.All("lobby", 1); len(all) != 1 {
		t.Fatalf("after the crash %d entries stand: %v", len(all), all)
	}
}

// After kill -9 the page cache shows what a failed sync has not brought to the disk. Who starts then must not believe
// it before it is there: else a power cut takes back what was seen.
func TestWhatAStartHasShownSurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	shown := 0
	for seed := range uint64(10) {
		fs := newPowerFS(seed)
		r, b := begin(t, powerDir, fs)
		b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
		awaitPrepared(r)
		fs.SetFault(func(op, path string) error { // the failed sync is the last thing that happens
			if op == "sync" && inJournal(path) {
				return vfstest.ErrPower
			}
			return nil
		})
		recordtest.Commit(r, recordtest.Say("lobby", "ann", "a2", "two"))
		r.abandon()
		fs = fs.Kill()
		fs.SetFault(nil)
		r, b = begin(t, powerDir, fs)
		seen := b.All("lobby", 1)
		after := fs.Cut()
		r.abandon()
		if got := bench(t, powerDir, Options{FS: after}).All("lobby", 1); len(got) < len(seen) {
			t.Fatalf("seed %d: %d entries were seen, and %d are left", seed, len(seen), len(got))
		}
		shown = max(shown, len(seen))
	}
	if shown != 2 {
		t.Fatalf("at most %d entries were seen: the test shows nothing", shown)
	}
}

// After kill -9 between a rename and the sync of its folder, the new file is there until a power cut. Who starts then
// must make the name certain before it shows what the file says, or removes what the file makes superfluous.
func TestWhatAStartFindsByANameThatWasNotSyncedSurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"", "marks"} {
		for seed := range uint64(10) {
			fs := newPowerFS(seed)
			r, b := begin(t, powerDir, fs)
			b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
			awaitPrepared(r)
			r.checkpoints.due()
			eventually(t, "there is a catalogue", func() bool { cat, _, err := datadir.ReadCatalogue(fs, powerDir); return err == nil && cat != nil })
			b.Accept(recordtest.Say("lobby", "ann", "a2", "two"))
			awaitPrepared(r)
			r.Mark("lobby", "bob", 2) // less than MarkDelay ago: the journal does not have it
			fs.SetFault(func(op, path string) error {
				if op == "syncdir" && path == filepath.Join(powerDir, folder) {
					return vfstest.ErrPower // the last thing that happens
				}
				return nil
			})
			r.checkpoints.due()
			eventually(t, "a checkpoint is cut short", fs.IsOff)
			r.abandon()
			fs = fs.Kill()
			fs.SetFault(func(op, path string) error { // else the first checkpoint may come before the power cut, and sync all
				if op == "open" && filepath.Base(path) == "catalogue.new" {
					return syscall.EIO
				}
				return nil
			})
			r, b = begin(t, powerDir, fs)
			marks, err := r.Marks("lobby")
			if err != nil || marks["bob"] != 2 || len(b.All("lobby", 1)) != 2 {
				t.Fatalf("after the kill the mark is %v (%v): the test shows nothing", marks, err)
			}
			after := fs.Cut()
			after.SetFault(nil)
			r.abandon()
			left := bench(t, powerDir, Options{FS: after})
			if marks, err = left.Record.Marks("lobby"); err != nil || marks["bob"] != 2 {
				t.Errorf("%q, seed %d: a mark was seen, and is now %v (%v)", folder, seed, marks, err)
			}
			if got := left.All("lobby", 1); len(got) != 2 {
				t.Errorf("%q, seed %d: 2 entries were seen, and %d are left", folder, seed, len(got))
			}
		}
	}
}

// eventually waits for a state that goroutines bring about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func TestOnAFullDiskSendsAreUnavailableAndServiceComesBackByItself(t *testing.T) {
	fs := vfstest.NewFaults(vfs.OS{})
	dir := t.TempDir()
	b := bench(t, dir, Options{FS: fs, Retry: 5 * time.Millisecond, SegmentSize: 64 << 10})
	b.Fill("lobby", 10, 1)
	fs.Set(func(op, path string) error {
		if op == "write" && inJournal(path) {
			return syscall.ENOSPC
		}
		return nil
	})
	before := b.Tail("lobby")
	for range 3 {
		s := recordtest.Say("lobby", "ann", "x", "more")
		if batch := recordtest.Commit(b.Record, s); recordtest.Code(s) != protocol.CodeUnavailable || batch != nil {
			t.Fatalf("on a full disk the send is %+v", s)
		}
	}
	if err := b.Record.Ready(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Ready says %v, want the disk's error", err)
	}
	if b.Tail("lobby") != before || len(b.All("lobby", 1)) != 10 {
		t.Error("reading does not go on")
	}
	fs.Set(nil)
	eventually(t, "the record is ready", func() bool { return b.Record.Ready() == nil })
	s := recordtest.Say("lobby", "ann", "x", "more")
	if b.Accept(s); s.Seq != 11 {
		t.Fatalf("the next entry is %d, want 11", s.Seq)
	}
	if lines, err := verify(t, crash(t, dir)); err != nil || lines["lobby"].Entries != 11 {
		t.Fatalf("%v, %v", err, lines)
	}
}

func TestATranscriptWhoseSyncFailedIsWrittenAgainFromTheJournal(t *testing.T) {
	fs := newPowerFS(1)
	r, err := Open(t.Context(), powerDir, Options{FS: fs, SegmentSize: testSegment})
	if err != nil {
		t.Fatal(err)
	}
	b := &recordtest.Bench{T: t, Record: r}
	b.Fill("lobby", 100, 10)
	if err := r.checkpoints.checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.Fill("lobby", 400, 10) // several pages, of which the failed sync leaves some
	fs.SetFault(func(op, path string) error {
		if op == "sync" && inTranscripts(path) {
			return syscall.EIO
		}
		return nil
	})
	if err := r.checkpoints.checkpoint(context.Background()); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the checkpoint says %v, want the disk's error", err)
	}
	if r.Stats().JournalBytes == 0 {
		t.Fatal("the journal was removed although a transcript is not synced")
	}
	fs.SetFault(nil)
	if err := r.checkpoints.checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := r.Stats().JournalSegments; n != 0 {
		t.Fatalf("%d segments are left", n)
	}
	want := b.All("lobby", 1)
	after := fs.Cut()
	r.abandon()
	if got := bench(t, powerDir, Options{FS: after}).All("lobby", 1); strings.Join(got, "") != strings.Join(want, "") {
		t.Fatalf("after the power was cut %d entries stand, want %d", len(got), len(want))
	}
}

func TestACheckpointThatFailsAgainAndAgainDoesNotUseUpTheJournal(t *testing.T) {
	fs := vfstest.NewFaults(vfs.OS{})
	var failed, succeeded atomic.Int64
	b := bench(t, t.TempDir(), Options{FS: fs, OnCheckpoint: func(_ time.Duration, err error) {
		if err != nil {
			failed.Add(1)
		} else {
			succeeded.Add(1)
		}
	}})
	r := b.Record.(*Record)
	fs.Set(func(op, path string) error {
		if op == "sync" && inTranscripts(path) {
			return syscall.EIO
		}
		return nil
	})
	for range 3 * journal.MaxSegments {
		b.Fill("lobby", 1, 1)
		if err := r.checkpoints.checkpoint(context.Background()); !errors.Is(err, syscall.EIO) {
			t.Fatalf("the checkpoint says %v", err)
		}
	}
	if n := r.Stats().JournalSegments; n > 2 {
		t.Errorf("the journal has %d segments, want 2", n)
	}
	if n := r.Stats().SyncErrors; n != 3*journal.MaxSegments || failed.Load() != 3*journal.MaxSegments || succeeded.Load() != 0 {
		t.Errorf("Stats counts %d failed syncs, and OnCheckpoint heard of %d failed and %d good checkpoints; "+
			"want %d failed ones", n, failed.Load(), succeeded.Load(), 3*journal.MaxSegments)
	}
	fs.Set(nil)
	for range 2 {
		if err := r.checkpoints.checkpoint(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.Stats().JournalSegments; n != 0 {
		t.Errorf("the journal has %d segments after the disk was mended", n)
	}
}

func TestTranscriptsThatTakeNothingStopSendsAtTheBoundAndThenServiceComesBack(t *testing.T) {
	t.Parallel()
	fs := vfstest.NewFaults(vfs.OS{})
	dir := t.TempDir()
	b := bench(t, dir, Options{FS: fs, Retry: 5 * time.Millisecond})
	fs.Set(func(op, path string) error {
		if op == "write" && inTranscripts(path) {
			return syscall.ENOSPC
		}
		return nil
	})
	text := strings.Repeat("x", 16<<10)
	accepted := 0
	for {
		s := recordtest.Say("lobby", "ann", "", text)
		if recordtest.Commit(b.Record, s); s.Err != nil {
			break
		}
		accepted++
	}
	if accepted < 40 || accepted > 70 {
		t.Errorf("%d sends of 16 kB were accepted, and the next refused; want 1 MB", accepted)
	}
	if err := b.Record.Ready(); !errors.Is(err, errStandstill) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Ready says %v", err)
	}
	if n := len(b.All("lobby", 1)); n != accepted {
		t.Errorf("%d entries are read, want %d", n, accepted)
	}
	b.Accept(recordtest.Say("other", "ann", "", "others go on"))
	fs.Set(nil)
	eventually(t, "the record is ready", func() bool { return b.Record.Ready() == nil })
	b.Accept(recordtest.Say("lobby", "ann", "", text))
	if _, err := verify(t, crash(t, dir)); err != nil {
		t.Fatal(err)
	}
}
