// Package vfs is what the record asks of the place where its files are: FS, its open files, and the volume under them.
// OS is the operating system's; tests bring others (vfstest), which tear writes, fail syncs, fill disks and cut the
// power. Everything that the record reads or writes goes through an FS.
//
// It also holds what is said of files: WriteAside replaces one as a whole, ForeignError and FileError name a path and
// what a person can do about it.
//
// # Concurrency
//
// The methods of an FS may be called from any goroutine. ReadFile may be called with a lock held; the others may wait
// for the disk, so that no lock is held around them that another conversation needs.
package vfs

import "io"

// File is an open file. Its methods may be called from any goroutine, but for Close.
type File interface {
	io.ReaderAt
	io.WriterAt
	StartSync()  // a hint: Sync will be called soon
	Sync() error // the bytes and the size (fdatasync)
	Truncate(size int64) error
	Size() (int64, error)
	Close() error
}

// FS is a file system.
type FS interface {
	// Open opens a regular file and waits for nobody; new ones are 0600. Anything else that stands there is a
	// *ForeignError. flag is that of os.OpenFile.
	Open(path string, flag int) (File, error)
	// Rename replaces what is at `to`. It is durable once the folder is synced.
	Rename(from, to string) error
	// Remove removes a file. It is durable once the folder is synced.
	Remove(path string) error
	// SyncDir makes the names in a folder durable.
	SyncDir(path string) error
	// ReadFile returns all that is in a regular file.
	ReadFile(path string) ([]byte, error)
	// Names returns what is in a folder, in any order.
	Names(dir string) ([]string, error)
	// MakeDir makes a folder, 0700. One that is there already is fs.ErrExist.
	MakeDir(path string) error
	// Lock makes sure that no other server uses the folder that path is in, until the lock is closed.
	Lock(path string) (io.Closer, error)
	// Locked reports whether a lock is held. An error says that nobody can tell.
	Locked(path string) (bool, error)
	// Space returns how many bytes can be written below dir, or why nothing can be made there.
	Space(dir string) (free int64, err error)
	// Volume opens what dir is on, and returns from how many files on to sync it is to be preferred; nil: there is none
	// that can be trusted.
	Volume(dir string) (v Volume, from int)
}

// Volume makes everything durable that was written on it, by one call. An error does not say whose bytes it is about:
// each file's own Sync does, afterwards. Kept open, it returns every error since it was opened, of any writer.
type Volume interface {
	Sync() error
	Close() error
}
