package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// file is what the record needs of an open file. Tests replace it to tear writes, fail syncs and fill disks.
type file interface {
	io.ReaderAt
	io.WriterAt
	Sync() error // the bytes and the size (fdatasync)
	Truncate(size int64) error
	Size() (int64, error)
	Close() error
}

// fileSystem is what the record needs of the place where its files are.
type fileSystem interface {
	open(path string, flag int) (file, error) // new files are 0600
	rename(from, to string) error
	remove(path string) error
	syncDir(path string) error
}

type osFS struct{}

type osFile struct{ *os.File }

func (osFS) open(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) rename(from, to string) error { return os.Rename(from, to) }
func (osFS) remove(path string) error     { return os.Remove(path) }

func (osFS) syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (f osFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// removed says whether the file has lost its last name.
func (f osFile) removed() bool {
	var stat unix.Stat_t
	return unix.Fstat(int(f.Fd()), &stat) == nil && stat.Nlink == 0
}

// writeAside replaces a file by another as a whole: after a crash there is the old one or the new one. The folder
// is not synced: until its caller does, it may be the old one.
func writeAside(fsys fileSystem, path string, content []byte) error {
	aside := path + ".new"
	f, err := fsys.open(aside, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.rename(aside, path)
	}
	if err != nil {
		_ = fsys.remove(aside)
	}
	return err
}

// readFull reads len(p) bytes; fewer are an error.
func readFull(f io.ReaderAt, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// writeFull writes all of p; a short write is an error.
func writeFull(f io.WriterAt, p []byte, off int64) error {
	n, err := f.WriteAt(p, off)
	if err == nil && n < len(p) {
		return io.ErrShortWrite
	}
	return err
}

// makeDir makes a folder and those that it is in, so that a power cut leaves them.
func makeDir(fsys fileSystem, path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeDir(fsys, parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsys.syncDir(parent)
}
