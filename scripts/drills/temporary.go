package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// temporaryPrefix begins the name of every folder that drills make in the system's temporary one.
const temporaryPrefix = "verbatim-drill."

// temporary makes a folder that any user can pass through, since a server may run as another one. It is locked until
// it is removed, so that what a drill left behind that was killed can be told from what is in use.
func temporary(name string) (dir string, remove func(), err error) {
	sweep()
	if dir, err = os.MkdirTemp("", temporaryPrefix+name+"-"); err != nil {
		return "", nil, err
	}
	lock, err := locked(dir)
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		_ = os.RemoveAll(dir) // err says what is wrong here
		return "", nil, fmt.Errorf("a temporary folder: %w", err)
	}
	return dir, func() {
		_ = os.RemoveAll(dir) // what stays is the next one's to sweep
		_ = lock.Close()      // and the lock ends
	}, nil
}

// locked takes the lock of a folder, or fails at once.
func locked(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close() // it was only asked
		return nil, err
	}
	return f, nil
}

// sweep removes what killed drills left. What it cannot remove stays.
func sweep() {
	found, _ := filepath.Glob(filepath.Join(os.TempDir(), temporaryPrefix+"*")) // the pattern is well formed
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue // one so young may be about to be locked
		}
		if lock, err := locked(dir); err == nil {
			_ = os.RemoveAll(dir)
			_ = lock.Close()
		}
	}
}
