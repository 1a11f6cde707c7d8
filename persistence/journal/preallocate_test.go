package journal

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/vfs"
)

// fullFS is a disk that has no room while full says so.
type fullFS struct {
	vfs.OS
	full atomic.Bool
}

func (f *fullFS) Open(path string, flag int) (vfs.File, error) {
	if f.full.Load() {
		return nil, syscall.ENOSPC
	}
	return f.OS.Open(path, flag)
}

// Who asks is told how it is now: the answer of half a second ago would cost service another half.
func TestASegmentIsToBeHadAsSoonAsThereIsRoom(t *testing.T) {
	fs := &fullFS{}
	fs.full.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	p := newPreparer(ctx, fs, t.TempDir(), 64<<10, time.Hour, zerolog.Nop())
	var running sync.WaitGroup
	running.Go(func() { p.run(1) })
	defer func() { cancel(); running.Wait(); p.discardAll() }()
	if s, err := p.take(); err == nil {
		t.Fatalf("a full disk gave %s", s.path)
	}
	fs.full.Store(false)
	s, err := p.take()
	if err != nil {
		t.Fatalf("there is room, and it says %v", err)
	}
	p.discard(s)
	if _, err := os.Stat(s.path); !os.IsNotExist(err) {
		t.Errorf("what was discarded is still there: %v", err)
	}
}
