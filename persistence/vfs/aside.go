package vfs

import (
	"cmp"
	"errors"
	"os"
)

// AsideSuffix ends the name of a file that is written to take another one's place.
const AsideSuffix = ".new"

// WriteAside replaces a file as a whole: after a crash there is the old one or the new one. It does not sync the
// folder: until its caller does, a power cut may bring the old one back.
func WriteAside(fsys FS, path string, content []byte) error {
	aside := path + AsideSuffix
	f, err := fsys.Open(aside, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = WriteFull(f, content, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		if err = fsys.Rename(aside, path); err != nil {
			err = cmp.Or(ForeignAt(fsys, path), err)
		}
	}
	if err != nil {
		_ = fsys.Remove(aside)
	}
	return err
}

// ForeignAt returns a *ForeignError if something else than a file is at a path, or nil.
func ForeignAt(fsys FS, path string) error {
	f, err := fsys.Open(path, os.O_RDONLY)
	if err == nil {
		_ = f.Close()
	}
	if errors.As(err, new(*ForeignError)) {
		return err
	}
	return nil
}
