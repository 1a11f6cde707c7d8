package directory_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"verbatim/directory"
	"verbatim/protocol"
)

// TestACopyOfAnOpenDirectoryIsWhole: copies are taken while somebody writes; each has what had returned before.
func TestACopyOfAnOpenDirectoryIsWhole(t *testing.T) {
	t.Parallel()
	dir := made(t)
	d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{})
	must(t, err)
	defer d.Close()
	ctx, stop := context.WithCancel(t.Context())
	written, stopped := make(chan int), make(chan struct{})
	go func() { // the test's; ends with ctx
		defer close(stopped)
		for i := 0; ctx.Err() == nil; i++ {
			if d.BlockUser(ctx, by, protocol.UserID(fmt.Sprintf("user %d", i))) != nil {
				return
			}
			select {
			case written <- i:
			default:
			}
		}
	}()
	defer func() { stop(); <-stopped }()
	for range 5 {
		last := <-written
		copied := t.TempDir()
		must(t, directory.Copy(t.Context(), dir, copied))
		if info, err := os.Stat(filepath.Join(copied, "server.db")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the copy: %v, %v", info, err)
		}
		c, err := directory.OpenSQLite(t.Context(), copied, directory.Options{})
		must(t, err)
		s, err := c.Load(t.Context())
		must(t, err)
		if !s.Blocked("ann") || !s.Blocked(protocol.UserID(fmt.Sprintf("user %d", last))) || c.ID() != d.ID() {
			t.Errorf("the copy has not all that was written: user %d is missing, or its id is %s", last, c.ID())
		}
		must(t, c.Close())
	}
}

func TestACopyReplacesNothing(t *testing.T) {
	t.Parallel()
	dir, copied := made(t), t.TempDir()
	if err := directory.Copy(t.Context(), t.TempDir(), copied); !errors.Is(err, directory.ErrNone) {
		t.Errorf("a copy of no directory: %v", err)
	}
	must(t, directory.Copy(t.Context(), dir, copied))
	before := contentOf(filepath.Join(copied, "server.db"))
	if err := directory.Copy(t.Context(), dir, copied); err == nil {
		t.Error("a copy was replaced")
	}
	if after := contentOf(filepath.Join(copied, "server.db")); len(before) == 0 || string(before) != string(after) {
		t.Error("the copy that was there has changed")
	}
	must(t, os.Remove(filepath.Join(dir, "server.db")))
	if err := directory.Copy(t.Context(), dir, t.TempDir()); err == nil || errors.Is(err, directory.ErrNone) {
		t.Errorf("a copy of a lost database: %v", err)
	}
}
