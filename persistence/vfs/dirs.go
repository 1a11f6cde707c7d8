package vfs

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// MakeDir makes a folder and those that it is in, and syncs their names. One that is there already may have been made
// by a start that was killed before it synced: see SyncParents.
func MakeDir(fsys FS, path string) error {
	parent := filepath.Dir(path)
	err := fsys.MakeDir(path)
	if Missing(err) && parent != path {
		if err := MakeDir(fsys, parent); err != nil {
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

// SyncParents syncs the names of a folder that is there, and of those that it is in. A parent that only its owner may
// open was there before us.
func SyncParents(fsys FS, path string) error {
	for parent := filepath.Dir(path); parent != path; path, parent = parent, filepath.Dir(parent) {
		if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}
