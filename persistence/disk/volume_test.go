package disk

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"

	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
	"verbatim/persistence/vfs/vfstest"
	"verbatim/protocol"
)

// volumeFS syncs its volume from three files on, and counts. It says what becomes of a volume's sync.
type volumeFS struct {
	vfs.OS
	whole, alone atomic.Int32 // syncs of the volume, and of transcripts
	fate         func() error
}

type volumeFile struct {
	vfs.File
	fs *volumeFS
}

func (f *volumeFS) Open(path string, flag int) (vfs.File, error) {
	o, err := f.OS.Open(path, flag)
	if err == nil && inTranscripts(path) {
		o = volumeFile{o, f}
	}
	return o, err
}

func (f volumeFile) Sync() error {
	f.fs.alone.Add(1)
	return f.File.Sync()
}

func (f *volumeFS) Volume(string) (vfs.Volume, int) { return f, 3 }

func (f *volumeFS) Sync() error {
	f.whole.Add(1)
	return f.fate()
}

func (f *volumeFS) Close() error { return nil }

// talk says something in each of n conversations, and folds it.
func (f *volumeFS) talk(t *testing.T, n int) *Record {
	t.Helper()
	f.fate = func() error { return nil }
	b := bench(t, t.TempDir(), Options{FS: f})
	for i := range n {
		b.Accept(quiet(i).Sends...)
	}
	f.whole.Store(0)
	f.alone.Store(0)
	return b.Record.(*Record)
}

func (f *volumeFS) want(t *testing.T, whole, alone int32) {
	t.Helper()
	if f.whole.Load() != whole || f.alone.Load() != alone {
		t.Errorf("%d syncs of the volume and %d of transcripts, want %d and %d",
			f.whole.Load(), f.alone.Load(), whole, alone)
	}
}

func (r *Record) unsynced() (n int) {
	for _, c := range r.registry.all() {
		c.mu.Lock()
		if c.synced != c.size {
			n++
		}
		c.mu.Unlock()
	}
	return n
}

func TestManyTranscriptsAreSyncedByOneCall(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		n            int
		whole, alone int32
	}{{2, 0, 2}, {3, 1, 0}, {40, 1, 0}} {
		fs := &volumeFS{}
		r := fs.talk(t, test.n)
		if err := r.checkpoints.checkpoint(t.Context()); err != nil || r.unsynced() != 0 {
			t.Errorf("%v; %d are not synced", err, r.unsynced())
		}
		fs.want(t, test.whole, test.alone)
	}
}

func TestAVolumeThatCannotBeSyncedLeavesEachTranscriptToItsOwnSync(t *testing.T) {
	t.Parallel()
	fs := &volumeFS{}
	r := fs.talk(t, 5)
	fs.fate = func() error { return syscall.EIO }
	if err := r.checkpoints.checkpoint(t.Context()); err != nil || r.unsynced() != 0 {
		t.Errorf("%v; %d are not synced", err, r.unsynced())
	}
	fs.want(t, 1, 5)
}

// The volume tells of an error once. A checkpoint that is interrupted after it leaves the transcripts to the next
// one, and that one must not take the volume's word for them.
func TestAnErrorThatTheVolumeHasToldIsNotForgottenByTheNextCheckpoint(t *testing.T) {
	t.Parallel()
	fs := &volumeFS{}
	r := fs.talk(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	fs.fate = func() error {
		cancel()
		return syscall.EIO
	}
	if err := r.checkpoints.checkpoint(ctx); !errors.Is(err, journal.ErrClosed) || r.unsynced() != 5 {
		t.Fatalf("%v; %d are not synced, want all 5", err, r.unsynced())
	}
	id := r.registry.all()[0].id
	if got, err := r.Read(t.Context(), id, 1, 1, 1<<20); err == nil {
		t.Errorf("what may be lost was read: %d entries", got.Len())
	}
	fs.fate = func() error { return nil }
	if err := r.checkpoints.checkpoint(t.Context()); err != nil || r.unsynced() != 0 {
		t.Errorf("%v; %d are not synced", err, r.unsynced())
	}
	fs.want(t, 1, 5)
}

// What was written while a checkpoint ran is in the hands of the same failed sync, though it is for the next
// checkpoint.
func TestAnErrorOfTheVolumeIsAlsoThatOfWhatWasWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	fs := &volumeFS{}
	r := fs.talk(t, 5)
	b := &recordtest.Bench{T: t, Record: r}
	fs.fate = func() error {
		for _, id := range []protocol.ConversationID{"late", r.registry.all()[0].id} { // one that the checkpoint is for, too: it has one sync
			b.Accept(recordtest.Say(string(id), "ann", "", "meanwhile"))
			if err := r.flusher.write(r.registry.get(id)); err != nil {
				t.Error(err)
			}
		}
		return syscall.EIO
	}
	if err := r.checkpoints.checkpoint(t.Context()); err != nil || r.unsynced() != 0 {
		t.Errorf("%v; %d are not synced", err, r.unsynced())
	}
	fs.want(t, 1, 6)
}

// A sync that fails once, for what an earlier process has left, is made up for within the stop: the next start has
// nothing to replay.
func TestAStopMakesUpForASyncThatFailsOnce(t *testing.T) {
	t.Parallel()
	fs := vfstest.NewFaults(vfs.OS{})
	dir := t.TempDir()
	r, b := begin(t, dir, fs)
	b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
	failed := false
	fs.Set(func(op, path string) error {
		if op == "sync" && inTranscripts(path) && !failed {
			failed = true
			return syscall.EIO
		}
		return nil
	})
	if err := r.Close(); err != nil || !failed {
		t.Fatalf("the stop says %v; a sync has failed: %v", err, failed)
	}
	if left := segmentsIn(t, dir); len(left) != 0 {
		t.Errorf("the journal has %v, want nothing", left)
	}
}
