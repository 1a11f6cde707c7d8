package vfs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The real one: it is to be had where its syncfs can be trusted, brings bytes to the disk, and says what goes wrong.
func TestAVolumeIsToBeHadWhereItsSyncCanBeTrusted(t *testing.T) {
	t.Parallel()
	if v, _ := (OS{}).Volume("/proc"); v != nil {
		t.Error("/proc is no disk, and a volume of it is to be had")
	}
	dir := t.TempDir()
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		t.Fatal(err)
	}
	v, from := (OS{}).Volume(dir)
	if !slices.Contains(trusted, int64(stat.Type)) {
		if v != nil {
			t.Errorf("a volume of the type %x is to be had", stat.Type)
		}
		return
	}
	if v == nil || from != volumeFrom {
		t.Fatalf("%v from %d files on, want one from %d on", v, from, volumeFrom)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("some bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.Sync(); err != nil {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if v.Sync() == nil {
		t.Error("one that was closed can be synced")
	}
}

// What takes a file's place between a look at it and its opening must not be waited for either.
func TestAFifoThatTakesAFilesPlaceIsNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // the test's; ends when it says so
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.WriteFile(path, nil, 0o600)
			_ = os.Remove(path)
			_ = unix.Mkfifo(path, 0o600)
			_ = os.Remove(path)
		}
	}()
	opened := make(chan struct{})
	go func() { // the test's; ends when all are opened, or not at all, and then the test has failed
		defer close(opened)
		for i := range 4000 {
			if f, err := (OS{}).Open(path, []int{os.O_RDONLY, os.O_RDWR}[i%2]); err == nil {
				_ = f.Close()
			}
		}
	}()
	select {
	case <-opened:
	case <-time.After(time.Minute):
		t.Fatal("opening hangs")
	}
	close(stop)
	<-stopped
}
