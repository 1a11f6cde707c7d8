package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// OS is the operating system's file system.
type OS struct{}

type osFile struct{ *os.File }

// Open is FS's.
func (OS) Open(path string, flag int) (File, error) {
	f, err := openFileAt(path, flag)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Rename is FS's.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove is FS's.
func (OS) Remove(path string) error { return os.Remove(path) }

// ReadFile is FS's.
func (OS) ReadFile(path string) ([]byte, error) {
	f, err := openFileAt(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// MakeDir is FS's.
func (OS) MakeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		if foreign := strange(path, aFolder); foreign != nil {
			return foreign
		}
	}
	return err
}

// Names is FS's.
func (OS) Names(dir string) ([]string, error) {
	d, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// SyncDir is FS's.
func (OS) SyncDir(path string) error {
	d, err := openFolder(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// StartSync lets the kernel begin to write what is dirty. What goes wrong there, Sync tells.
func (f osFile) StartSync() { _ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE) }

// Sync is File's.
func (f osFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Size is File's.
func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Removed reports whether the file has lost its last name.
func (f osFile) Removed() bool {
	var stat unix.Stat_t
	return unix.Fstat(int(f.Fd()), &stat) == nil && stat.Nlink == 0
}
