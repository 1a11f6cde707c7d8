package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// formatVersion is what this program writes and reads. Format 1, whose sums left an entry's author and time unbound once its
// text was erased, was never released: it has no reader.
const formatVersion = 2

// formatFile is data/format: whose directory it is, and how to read it.
type formatFile struct {
	Format int    `json:"format"`
	ID     string `json:"id"` // of the directory; Redis is told it
}

// Lock makes sure that no other server uses the directory that path is in. The lock ends with the file's closing, or the
// process.
func (osFS) Lock(path string) (io.Closer, error) {
	dir := filepath.Dir(path)
	f, err := openFileAt(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("data directory: lock: %w", advised(err))
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	for try := 0; errors.Is(err, unix.EWOULDBLOCK) && try < lockTries; try++ {
		time.Sleep(lockPause) // who only looks (Locked) holds it for a moment
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("data directory: another server uses %s: stop it, or give --data another directory", dir)
		}
		return nil, fmt.Errorf("data directory: lock %s: %w", path, err)
	}
	return f, nil
}

// How often, and how long after, a lock that is held is tried again before another server is believed to hold it.
const (
	lockTries = 5
	lockPause = 20 * time.Millisecond
)

// Locked reports whether a server uses the directory. It makes no file.
func (osFS) Locked(path string) (bool, error) {
	f, err := openFileAt(path, os.O_RDONLY)
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

func formatPath(dir string) string { return filepath.Join(dir, "format") }

// readFormat reads data/format, and refuses one that another version has written. A zero value: there is none.
func readFormat(fsys FileSystem, dir string) (f formatFile, err error) {
	path := formatPath(dir)
	b, err := fsys.ReadFile(path)
	if missing(err) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("data directory: %w", &fileError{path, err})
	}
	if err := json.Unmarshal(b, &f); err != nil || f.Format < 1 || f.ID == "" {
		return f, fmt.Errorf("data directory: %s is not a format file: restore it from a backup", path)
	}
	if f.Format > formatVersion {
		return f, fmt.Errorf("data directory: %s has format %d, and this program reads format %d: use a newer verbatim", dir, f.Format, formatVersion)
	}
	if f.Format < formatVersion {
		return f, fmt.Errorf("data directory: %s has format %d of an unreleased verbatim, and this program reads format %d: "+
			"give --data another directory, and post again what the old verbatim exports", dir, f.Format, formatVersion)
	}
	return f, nil
}

// ensureFormat reads data/format, or writes it into a directory that has none. Where it is there, the directory's own
// name is on the disk, since that is made sure before it is written; what is in the directory, the file too, a start that
// was killed may have made and not synced.
func ensureFormat(fsys FileSystem, dir string) (formatFile, error) {
	f, err := readFormat(fsys, dir)
	if err != nil {
		return f, err
	}
	fresh := f.Format == 0
	if fresh {
		err = settleDirs(fsys, dir)
	}
	if err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		return f, fmt.Errorf("data directory: sync the folders: %w", advised(err))
	}
	if !fresh {
		return f, nil
	}
	f = formatFile{Format: formatVersion, ID: uuid.NewString()}
	b, err := json.Marshal(f)
	if err == nil {
		err = writeAside(fsys, formatPath(dir), append(b, '\n'))
	}
	if err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		return f, fmt.Errorf("data directory: write %s: %w", formatPath(dir), advised(err))
	}
	return f, nil
}
