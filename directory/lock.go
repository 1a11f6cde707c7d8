package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A held lock is tried again: a command has it for a moment.
const (
	lockPatience = 5 * time.Second
	lockPause    = 20 * time.Millisecond
)

// ErrInUse says that another process has the directory open.
var ErrInUse = errors.New("directory: another process uses it")

// lockFiles locks the directory in a data directory. The lock ends when the file is closed, or with the process.
func lockFiles(ctx context.Context, dataDir string) (*os.File, error) {
	path := filepath.Join(dataDir, LockName)
	if _, err := regular(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("directory: %s is no directory: give --data-dir the server's", dataDir)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: lock: %w", err)
	}
	if err := giveTo(lock, dataDir); err != nil {
		return nil, errors.Join(fmt.Errorf("directory: lock: %w", err), lock.Close())
	}
	deadline := time.NewTimer(lockPatience)
	defer deadline.Stop()
	for {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("directory: lock %s: %w", path, err), lock.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), lock.Close())
		case <-deadline.C:
			return nil, errors.Join(fmt.Errorf("%w: %s is locked: stop it, or try again", ErrInUse, path), lock.Close())
		case <-time.After(lockPause):
		}
	}
}

// giveTo gives a file that root has made to the owner of the data directory: the server may run as another user.
func giveTo(file *os.File, dataDir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dataDir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 && owner.Gid == 0 {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

// syncDir makes the names in a folder certain.
func syncDir(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
