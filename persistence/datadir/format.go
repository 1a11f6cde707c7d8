package datadir

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"

	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
)

// FormatFile is data/format: whose directory it is, and how to read it. A zero value says that there is none.
type FormatFile struct {
	Format int    `json:"format"`
	ID     string `json:"id"` // of the directory; Redis is told it
}

// FormatPath returns where a data directory's format file is.
func FormatPath(dir string) string { return filepath.Join(dir, "format") }

// ReadFormat reads data/format, and refuses one that another version has written.
func ReadFormat(fsys vfs.FS, dir string) (f FormatFile, err error) {
	path := FormatPath(dir)
	b, err := fsys.ReadFile(path)
	if vfs.Missing(err) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("data directory: %w", &vfs.FileError{Path: path, Err: err})
	}
	if err := json.Unmarshal(b, &f); err != nil || f.Format < 1 || f.ID == "" {
		return f, fmt.Errorf("data directory: %s is not a format file: restore it from a backup", path)
	}
	if f.Format > transcript.Version {
		return f, fmt.Errorf("data directory: %s has format %d, and this program reads format %d: use a newer verbatim",
			dir, f.Format, transcript.Version)
	}
	if f.Format < transcript.Version {
		return f, fmt.Errorf("data directory: %s has format %d of an unreleased verbatim, and this program reads "+
			"format %d: give --data-dir another directory, and post again what the old verbatim exports",
			dir, f.Format, transcript.Version)
	}
	return f, nil
}

// EnsureFormat reads data/format, or writes it into a directory that has none. Where it is there, the directory's own
// name is on the disk, since that is made sure before it is written; what is in the directory, the file too, a start
// that was killed may have made and not synced.
func EnsureFormat(fsys vfs.FS, dir string) (FormatFile, error) {
	f, err := ReadFormat(fsys, dir)
	if err != nil {
		return f, err
	}
	fresh := f.Format == 0
	if fresh {
		err = vfs.SyncParents(fsys, dir)
	}
	if err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		return f, fmt.Errorf("data directory: sync the folders: %w", vfs.Advised(err))
	}
	if !fresh {
		return f, nil
	}
	f = FormatFile{Format: transcript.Version, ID: uuid.NewString()}
	b, err := json.Marshal(f)
	if err == nil {
		err = vfs.WriteAside(fsys, FormatPath(dir), append(b, '\n'))
	}
	if err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		return f, fmt.Errorf("data directory: write %s: %w", FormatPath(dir), vfs.Advised(err))
	}
	return f, nil
}
