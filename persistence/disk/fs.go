package disk

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// File is what the record needs of an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	StartSync()  // a hint: Sync will be called soon
	Sync() error // the bytes and the size (fdatasync)
	Truncate(size int64) error
	Size() (int64, error)
	Close() error
}

// FileSystem is what the record needs of the place where its files are: everything that it reads or writes goes through
// one. Another than the operating system's is for tests, which tear writes, fail syncs, fill disks and cut the power.
// Its methods are called from many goroutines; ReadFile may be called under a lock, the others only under an ioLock.
type FileSystem interface {
	// Open opens a regular file and waits for nobody; new ones are 0600. Anything else that stands there is an error.
	Open(path string, flag int) (File, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(path string) error
	ReadFile(path string) ([]byte, error)
	Names(dir string) ([]string, error) // what is in a folder, in any order
	MakeDir(path string) error          // 0700; one that is there is fs.ErrExist
	Lock(path string) (io.Closer, error)
	Locked(path string) (bool, error) // somebody holds it; an error: nobody can tell
	// Space returns how many bytes can be written below dir, or why nothing can be made there.
	Space(dir string) (free int64, err error)
	// Volume opens what dir is on, and says from how many files on to sync it is to be preferred; nil: it is not to be had.
	Volume(dir string) (v Volume, from int)
}

// Volume makes everything durable that was written on it, by one call. An error does not say whose bytes it is about: each
// file's own Sync does, afterwards. Opened once and kept, it tells of every error since, whatever became of who wrote.
type Volume interface {
	Sync() error
	Close() error
}

type osFS struct{}

type osFile struct{ *os.File }

func (osFS) Open(path string, flag int) (File, error) {
	f, err := openFileAt(path, flag)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(path string) error     { return os.Remove(path) }

func (osFS) ReadFile(path string) ([]byte, error) {
	f, err := openFileAt(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (osFS) MakeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		if foreign := strange(path, aFolder); foreign != nil {
			return foreign
		}
	}
	return err
}

func (osFS) Names(dir string) ([]string, error) {
	d, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

func (osFS) SyncDir(path string) error {
	d, err := openFolder(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// StartSync lets the kernel begin to write what is dirty. What goes wrong there, Sync tells.
func (f osFile) StartSync() { _ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE) }

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

// asideSuffix is of what is written to take another file's place.
const asideSuffix = ".new"

// writeAside replaces a file by another as a whole: after a crash there is the old one or the new one. The folder
// is not synced: until its caller does, it may be the old one.
func writeAside(fsys FileSystem, path string, content []byte) error {
	aside := path + asideSuffix
	f, err := fsys.Open(aside, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = writeFull(f, content, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		if err = fsys.Rename(aside, path); err != nil {
			err = cmp.Or(foreignAt(fsys, path), err)
		}
	}
	if err != nil {
		_ = fsys.Remove(aside)
	}
	return err
}

// foreignAt returns the error that says so where something else than a file stands at a path, or nil.
func foreignAt(fsys FileSystem, path string) error {
	f, err := fsys.Open(path, os.O_RDONLY)
	if err == nil {
		_ = f.Close()
	}
	if errors.As(err, new(*foreignError)) {
		return err
	}
	return nil
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

// makeDir makes a folder and those that it is in, so that a power cut leaves them. One that is there already may have
// been made by a start that was killed before it synced: see settleDirs.
func makeDir(fsys FileSystem, path string) error {
	parent := filepath.Dir(path)
	err := fsys.MakeDir(path)
	if missing(err) && parent != path {
		if err := makeDir(fsys, parent); err != nil {
			return err
		}
		err = fsys.MakeDir(path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}

// settleDirs makes sure that a power cut leaves a folder that is there, and what it is in, whoever made them. A folder
// that nobody may open but its owner was there before us.
func settleDirs(fsys FileSystem, path string) error {
	for parent := filepath.Dir(path); parent != path; path, parent = parent, filepath.Dir(parent) {
		if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}
