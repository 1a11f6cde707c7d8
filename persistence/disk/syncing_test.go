package disk

import (
	"errors"
	"syscall"
	"testing"

	"verbatim/persistence/vfs"
)

// startFS counts the transcripts that are on their way to the disk at once.
type startFS struct {
	vfs.OS
	started, most, failed int // by the checkpoint alone
}

type startFile struct {
	vfs.File
	fs *startFS
}

func (f *startFS) Open(path string, flag int) (vfs.File, error) {
	o, err := f.OS.Open(path, flag)
	if err == nil && inTranscripts(path) {
		o = startFile{o, f}
	}
	return o, err
}

func (f startFile) StartSync() {
	f.fs.started++
	f.fs.most = max(f.fs.most, f.fs.started)
	f.File.StartSync()
}

func (f startFile) Sync() error {
	if f.fs.started--; f.fs.started == 3 {
		f.fs.failed++
		return errors.Join(f.File.Sync(), syscall.EIO)
	}
	return f.File.Sync()
}

func TestACheckpointHasManyTranscriptsOnTheirWayAndTriesAgainThoseThatFailed(t *testing.T) {
	fs := &startFS{}
	b := bench(t, t.TempDir(), Options{FS: fs})
	const conversations = 3 * syncWindow / 2
	for i := range conversations {
		b.Accept(quiet(i).Sends...)
	}
	r := b.Record.(*Record)
	if err := r.checkpoints.checkpoint(t.Context()); !errors.Is(err, syscall.EIO) {
		t.Errorf("the checkpoint says %v, want the disk's error", err)
	}
	if fs.most != syncWindow || fs.started != 0 || fs.failed != 2 {
		t.Errorf("at most %d were on their way, want %d; %d are, %d failed, want 0, 2",
			fs.most, syncWindow, fs.started, fs.failed)
	}
	unsynced := 0
	for _, c := range r.registry.all() {
		if c.synced != c.size {
			unsynced++
			if !c.suspect || !c.dirty {
				t.Errorf("%s was not synced, and is not to be written again", c.id)
			}
			if batch, err := r.Read(t.Context(), c.id, 1, 1, 1<<10); err == nil {
				t.Errorf("%s was not synced, and reading its file gives %d entries: the kernel may have dropped them",
					c.id, batch.Len())
			}
		}
	}
	if unsynced != 2 {
		t.Errorf("%d are not synced, want 2", unsynced)
	}
	if err := r.checkpoints.checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
	for _, c := range r.registry.all() {
		if _, err := r.Read(t.Context(), c.id, 1, 1, 1<<10); err != nil {
			t.Errorf("%s is synced, and: %v", c.id, err)
		}
	}
}
