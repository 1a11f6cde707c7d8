package vfs

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// FileError says that one of the record's files or folders cannot be opened or read.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return e.Path + ": " + e.What().Error() }

func (e *FileError) Unwrap() error { return e.Err }

// What returns the error without the path, and with what can be done about it.
func (e *FileError) What() error {
	var foreign *ForeignError
	if errors.As(e.Err, &foreign) {
		return errors.New(foreign.what())
	}
	cause := e.Err
	var of *fs.PathError
	if errors.As(cause, &of) {
		cause = of.Err
	}
	return Advised(fmt.Errorf("it cannot be read: %w", cause))
}

// Advised adds to a file system's error what a person can do about it, if there is something to say.
func Advised(err error) error {
	what := ""
	switch is := func(e error) bool { return errors.Is(err, e) }; {
	case errors.As(err, new(*ForeignError)): // it says so itself
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
