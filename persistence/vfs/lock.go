package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Lock is FS's. The lock ends with its closing, or with the process.
func (OS) Lock(path string) (io.Closer, error) {
	dir := filepath.Dir(path)
	f, err := openFileAt(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("data directory: lock: %w", Advised(err))
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	for try := 0; errors.Is(err, unix.EWOULDBLOCK) && try < lockTries; try++ {
		time.Sleep(lockPause) // Locked holds it for a moment
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf(
				"data directory: another server uses %s: stop it, or give --data-dir another directory", dir)
		}
		return nil, fmt.Errorf("data directory: lock %s: %w", path, err)
	}
	return f, nil
}

// A held lock is tried again lockTries times, with a pause between two tries, before another server is believed to hold
// it.
const (
	lockTries = 5
	lockPause = 20 * time.Millisecond
)

// Locked is FS's. It makes no file.
func (OS) Locked(path string) (bool, error) {
	f, err := openFileAt(path, os.O_RDONLY)
	if Missing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
