package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// foreignError is what stands where one of the record's files or folders should be, and is no such thing. It is never
// opened: a fifo would hold up who opens it, and a device may do something.
type foreignError struct {
	path     string
	is, want string // "a folder", "a file"
}

func (e *foreignError) Error() string { return e.path + ": " + e.what() }

// what is the error without the path.
func (e *foreignError) what() string {
	return fmt.Sprintf("it is %s, and should be %s: move it out of %s, or put the right one back from a backup",
		e.is, e.want, filepath.Dir(e.path))
}

const (
	aFile   = "a file"
	aFolder = "a folder"
)

// kindOf names what a mode is of.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return aFile
	case mode.IsDir():
		return aFolder
	case mode&fs.ModeNamedPipe != 0:
		return "a fifo"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	default:
		return "something else"
	}
}

// strange looks at what a path leads to without opening it, and returns a foreignError where that is another thing than
// it should be, or nil; a path at which nothing stands is not strange.
func strange(path, want string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil:
		if is := kindOf(info.Mode()); is != want {
			return &foreignError{path, is, want}
		}
	case errors.Is(err, unix.ELOOP):
		return &foreignError{path, "a symbolic link that leads in a circle", want}
	case missing(err):
		if link, err := os.Lstat(path); err == nil && link.Mode()&fs.ModeSymlink != 0 {
			return &foreignError{path, "a symbolic link that leads to nothing", want}
		}
	}
	return nil // what else is wrong, opening it tells
}

// openFileAt opens a regular file, or makes one, and waits for nobody: O_NONBLOCK is for what takes a file's place
// after the look at it.
func openFileAt(path string, flag int) (*os.File, error) {
	if err := strange(path, aFile); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &foreignError{path, kindOf(info.Mode()), aFile}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// openFolder opens a folder to read it or to sync it.
func openFolder(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		return f, nil
	}
	if foreign := strange(path, aFolder); foreign != nil {
		return nil, foreign
	}
	return nil, err
}

// fileError is one of the record's files or folders that cannot be opened or read.
type fileError struct {
	path string
	err  error
}

func (e *fileError) Error() string { return e.path + ": " + e.what().Error() }
func (e *fileError) Unwrap() error { return e.err }

// what is the error without the path, and with what can be done about it.
func (e *fileError) what() error {
	var foreign *foreignError
	if errors.As(e.err, &foreign) {
		return errors.New(foreign.what())
	}
	cause := e.err
	var of *fs.PathError
	if errors.As(cause, &of) {
		cause = of.Err
	}
	return advised(fmt.Errorf("it cannot be read: %w", cause))
}

// advised adds to an error of the file system what a person can do about it.
func advised(err error) error {
	what := ""
	switch is := func(e error) bool { return errors.Is(err, e) }; {
	case errors.As(err, new(*foreignError)): // it says so itself
	case is(unix.ENOSPC):
		what = "make room on its disk; it may be inodes that are used up (df, df -i)"
	case is(unix.EDQUOT):
		what = "the quota is used up: make room, or raise it"
	case is(unix.EROFS):
		what = "its file system is read-only: mount it so that it can be written (a disk that fails makes it so, too)"
	case is(unix.EMFILE), is(unix.ENFILE):
		what = "raise the limit of open files (ulimit -n)"
	case is(fs.ErrPermission):
		what = "let the user who runs this have it (chown, chmod), or run this as the one whose it is"
	case is(unix.EIO):
		what = "the disk fails: see the kernel's log, and put the file back from a backup"
	}
	if what == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, what)
}
