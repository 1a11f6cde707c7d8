package vfstest

import (
	"sync/atomic"

	"verbatim/persistence/vfs"
)

// Faults makes opens, reads, writes and syncs on another file system fail as a test says.
type Faults struct {
	vfs.FS
	fault atomic.Pointer[func(op, path string) error]
}

type faultyFile struct {
	vfs.File
	faults *Faults
	path   string
}

// NewFaults returns a file system on which nothing fails yet.
func NewFaults(on vfs.FS) *Faults { return &Faults{FS: on} }

// Set chooses what fails from now on; with nil nothing does. fault is called before each open, read, write and sync, on
// the goroutine that makes the call.
func (f *Faults) Set(fault func(op, path string) error) { f.fault.Store(&fault) }

func (f *Faults) ask(op, path string) error {
	if fault := f.fault.Load(); fault != nil && *fault != nil {
		return (*fault)(op, path)
	}
	return nil
}

// Open is vfs.FS's.
func (f *Faults) Open(path string, flag int) (vfs.File, error) {
	if err := f.ask("open", path); err != nil {
		return nil, err
	}
	o, err := f.FS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return &faultyFile{o, f, path}, nil
}

// WriteAt writes half of p where it fails.
func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.faults.ask("write", f.path); err != nil {
		n, _ := f.File.WriteAt(p[:len(p)/2], off) // torn
		return n, err
	}
	return f.File.WriteAt(p, off)
}

// ReadAt is vfs.File's.
func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.faults.ask("read", f.path); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

// Sync is vfs.File's.
func (f *faultyFile) Sync() error {
	if err := f.faults.ask("sync", f.path); err != nil {
		return err
	}
	return f.File.Sync()
}
