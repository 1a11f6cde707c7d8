package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socketMode is who may connect: the server's user and its group, such as the proxy's.
const socketMode = 0o660

// socketListener is a Unix socket that the server has made, and removes when it is closed.
type socketListener struct {
	*net.UnixListener
	path string
	made os.FileInfo // the file that is removed: another one that took its place is not ours
	once sync.Once
}

// listenUnix makes the socket. One that was left behind, by kill -9 say, is replaced; whatever else is at its path
// stays.
func listenUnix(e endpoint) (net.Listener, error) {
	folder, err := lockFolder(filepath.Dir(e.path))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: give the path of a folder that can be written", e.flag, e.text, err)
	}
	defer folder.Close() // which unlocks it
	if err := makeWay(e); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		// bind makes the file with the socket's mode, less the umask: nobody else can connect meanwhile.
		err := raw.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), socketMode) })
		return errors.Join(err, failed)
	}}
	l, err := config.Listen(context.Background(), "unix", e.path)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: give the path of a folder that can be written", e.flag, e.text, errors.Unwrap(err))
	}
	own := &socketListener{UnixListener: l.(*net.UnixListener), path: e.path}
	own.SetUnlinkOnClose(false)
	err = os.Chmod(e.path, socketMode) // whatever the umask is
	if err == nil {
		own.made, err = os.Lstat(e.path)
	}
	if err != nil {
		_ = own.Close() // the error before is the one to tell
		return nil, fmt.Errorf("%s %s: %w", e.flag, e.text, err)
	}
	return own, nil
}

// lockFolder holds off another server that would make a socket in the same folder at the same moment: each of the two
// would take the other's for one that was left behind. Who holds the lock for longer is no server, and is not waited
// for.
func lockFolder(path string) (*os.File, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(2 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			break // or a file system without locks
		}
	}
	return folder, nil
}

// makeWay removes a socket that nobody listens on.
func makeWay(e endpoint) error {
	info, err := os.Lstat(e.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", e.flag, e.text, err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s %s: there is something at that path that is not a socket: "+
			"move it away, or give another path", e.flag, e.text)
	}
	c, err := net.DialTimeout("unix", e.path, time.Second)
	switch {
	case err == nil:
		_ = c.Close() // it was only to see who is there
		return fmt.Errorf("%s %s is in use: stop what serves there, or give another path", e.flag, e.text)
	case errors.Is(err, syscall.ECONNREFUSED): // nobody has it open any more
		if err := os.Remove(e.path); err != nil {
			return fmt.Errorf("%s %s: a socket that was left behind: %w: remove it, or give another path", e.flag, e.text, err)
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default: // its queue is full, or it is not for us to connect
		return fmt.Errorf("%s %s may be in use (%w): stop what serves there, or give another path", e.flag, e.text, err)
	}
}

// Close removes the socket's file, if it is still the one that was made, and ends Accept.
func (l *socketListener) Close() error {
	var err error
	l.once.Do(func() {
		if there, missing := os.Lstat(l.path); missing == nil && os.SameFile(there, l.made) {
			err = os.Remove(l.path)
		}
	})
	return errors.Join(err, l.UnixListener.Close())
}
