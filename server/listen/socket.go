package listen

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

// socketMode lets the server's user and its group connect, a proxy's for example.
const socketMode = 0o660

// socketListener is a Unix socket that the server has made, and that Close removes.
type socketListener struct {
	*net.UnixListener
	path string
	made os.FileInfo // the file that Close removes, unless another one has replaced it
	once sync.Once
}

// listenUnix makes the socket. It replaces a socket that a killed server left behind, and nothing else.
func listenUnix(e Endpoint) (net.Listener, error) {
	folder, err := lockFolder(filepath.Dir(e.Path))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: give the path of a folder that can be written", e.flag, e.text, err)
	}
	defer folder.Close() // which also unlocks it
	if err := makeWay(e); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		// bind makes the file with the socket's mode, less the umask, so that nobody else can connect before Chmod.
		err := raw.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), socketMode) })
		return errors.Join(err, failed)
	}}
	l, err := config.Listen(context.Background(), "unix", e.Path)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: give the path of a folder that can be written", e.flag, e.text,
			errors.Unwrap(err))
	}
	own := &socketListener{UnixListener: l.(*net.UnixListener), path: e.Path}
	own.SetUnlinkOnClose(false)
	err = os.Chmod(e.Path, socketMode) // whatever the umask was
	if err == nil {
		own.made, err = os.Lstat(e.Path)
	}
	if err != nil {
		_ = own.Close() // the error before is the one to tell
		return nil, fmt.Errorf("%s %s: %w", e.flag, e.text, err)
	}
	return own, nil
}

// lockFolder keeps two servers from making a socket in one folder at the same moment: each would take the other's
// socket for one that was left behind. A process that holds the lock for longer is no server, so lockFolder goes on
// without it.
func lockFolder(path string) (*os.File, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(2 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			break // locked, or a file system without locks
		}
	}
	return folder, nil
}

// makeWay removes a socket on which nobody listens.
func makeWay(e Endpoint) error {
	info, err := os.Lstat(e.Path)
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
	c, err := net.DialTimeout("unix", e.Path, time.Second)
	switch {
	case err == nil:
		_ = c.Close() // it only showed that a server listens
		return fmt.Errorf("%s %s is in use: stop what serves there, or give another path", e.flag, e.text)
	case errors.Is(err, syscall.ECONNREFUSED): // no process has it open
		if err := os.Remove(e.Path); err != nil {
			return fmt.Errorf("%s %s: a socket that was left behind: %w: remove it, or give another path",
				e.flag, e.text, err)
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default: // its queue is full, or this user may not connect
		return fmt.Errorf("%s %s may be in use (%w): stop what serves there, or give another path", e.flag, e.text, err)
	}
}

// Close removes the socket's file, unless another one has replaced it, and ends Accept.
func (l *socketListener) Close() error {
	var err error
	l.once.Do(func() {
		if there, missing := os.Lstat(l.path); missing == nil && os.SameFile(there, l.made) {
			err = os.Remove(l.path)
		}
	})
	return errors.Join(err, l.UnixListener.Close())
}
