package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ForeignError says that something else is where one of the record's files or folders should be. It is never opened: a
// fifo would block, and a device may do something.
type ForeignError struct {
	path     string
	is, want string // "a folder", "a file"
}

func (e *ForeignError) Error() string { return e.path + ": " + e.what() }

// what returns the error without the path.
func (e *ForeignError) what() string {
	return fmt.Sprintf("it is %s, and should be %s: move it out of %s, or put the right one back from a backup",
		e.is, e.want, filepath.Dir(e.path))
}

const (
	aFile   = "a file"
	aFolder = "a folder"
)

// kindOf names what has this mode.
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

// strange looks at what a path leads to without opening it, and returns a *ForeignError if that is not what it should
// be, or nil. A path at which nothing is, is not strange.
func strange(path, want string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil:
		if is := kindOf(info.Mode()); is != want {
			return &ForeignError{path, is, want}
		}
	case errors.Is(err, unix.ELOOP):
		return &ForeignError{path, "a symbolic link that leads in a circle", want}
	case Missing(err):
		if link, err := os.Lstat(path); err == nil && link.Mode()&fs.ModeSymlink != 0 {
			return &ForeignError{path, "a symbolic link that leads to nothing", want}
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
		err = &ForeignError{path, kindOf(info.Mode()), aFile}
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
