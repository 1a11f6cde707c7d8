package directory

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// files are those of a directory in SQLite. Its lock is held.
type files struct {
	dir string
	now func() time.Time
}

// marker is data/server.id: that there is a database, and which.
type marker struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
}

func (f files) database() string { return filepath.Join(f.dir, FileName) }
func (f files) marker() string   { return filepath.Join(f.dir, MarkerName) }

// missing reports whether nothing of a directory is there, in a data directory that is.
func (f files) missing() bool {
	if _, err := os.Stat(f.dir); err != nil {
		return false
	}
	for _, path := range []string{f.database(), f.marker()} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}

// ensure makes sure that there is a database, or says why there is none.
func (f files) ensure(ctx context.Context, create bool) error {
	m, marked, err := f.readMarker()
	if err != nil {
		return err
	}
	there, err := regular(f.database())
	switch {
	case err != nil:
		return err
	case there:
		return nil
	case marked:
		return f.restore("is lost", m)
	case !create:
		return ErrNone
	}
	return f.create(ctx)
}

// restore is the error for a database that is lost or damaged.
func (f files) restore(what string, m marker) error {
	return fmt.Errorf("directory: %s %s: restore it from the newest backup of this data directory "+
		"(its server.id says %s, made %s); docs/operating/backup.md says how. Nothing was changed",
		f.database(), what, m.ID, m.Created.Format(time.DateOnly))
}

// regular reports whether there is a file. What is no file is an error.
func regular(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(path); err == nil {
			return false, fmt.Errorf("directory: %s is a link to nothing: remove it, or restore what it points to", path)
		}
		return false, nil
	case err != nil:
		return false, fmt.Errorf("directory: %w", err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("directory: %s is no file: move it away", path)
	}
	return true, nil
}

// readMarker reads the marker, and reports whether there is one.
func (f files) readMarker() (m marker, there bool, err error) {
	if there, err = regular(f.marker()); err != nil || !there {
		return m, false, err
	}
	b, err := os.ReadFile(f.marker())
	if err != nil {
		return m, true, fmt.Errorf("directory: %w", err)
	}
	if err := json.Unmarshal(b, &m); err != nil || m.ID == "" {
		return m, true, fmt.Errorf("directory: %s is damaged: restore it together with %s from a backup",
			f.marker(), f.database())
	}
	return m, true, nil
}

// create makes an empty database. It is whole before it gets its name, so that a crash leaves none, or one that can be
// opened.
func (f files) create(ctx context.Context) error {
	aside := f.database() + ".new"
	for _, left := range []string{aside, aside + "-journal"} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("directory: remove what a crash has left: %w", err)
		}
	}
	if err := f.make(aside); err != nil {
		return fmt.Errorf("directory: make %s: %w", aside, err)
	}
	db, err := connect(aside, "DELETE")
	if err == nil {
		_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
		if err == nil {
			err = migrate(ctx, db, goose.DialectSQLite3)
		}
		if err == nil {
			_, err = identify(ctx, db, f.now().UnixMicro())
		}
		err = errors.Join(err, db.Close())
	}
	if err == nil {
		err = os.Rename(aside, f.database())
	}
	if err == nil {
		err = syncDir(f.dir)
	}
	if err != nil {
		return fmt.Errorf("directory: make %s: %w", f.database(), err)
	}
	return nil
}

// make makes an empty file for the owner of the data directory. (SQLite gives the files beside it the same owner.)
func (f files) make(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(giveTo(file, f.dir), file.Close())
}

// open opens the database, checks it, and brings its schema to this program's.
func (f files) open(ctx context.Context) (*sql.DB, error) {
	if err := f.checkHead(); err != nil {
		return nil, err
	}
	db, err := connect(f.database(), "WAL")
	if err != nil {
		return nil, fmt.Errorf("directory: %s: %w", f.database(), err)
	}
	var found string
	err = db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found)
	if err == nil && found != "ok" {
		err = errDamaged(found)
	}
	if err != nil {
		return nil, errors.Join(f.damaged(err), db.Close())
	}
	if err := migrate(ctx, db, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("directory: %s: %w", f.database(), err), db.Close())
	}
	return db, nil
}

// The head of a SQLite database: https://www.sqlite.org/fileformat.html, 1.3.
const (
	headSize      = 100
	headMagic     = "SQLite format 3\x00"
	applicationAt = 68
)

// checkHead refuses what is not ours before SQLite changes anything in it.
func (f files) checkHead() error {
	file, err := os.Open(f.database())
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(file, head)
	if cerr := file.Close(); cerr != nil {
		return fmt.Errorf("directory: %w", cerr)
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return f.damaged(errDamaged(fmt.Sprintf("it has %d bytes", n)))
	case err != nil:
		return fmt.Errorf("directory: %w", err)
	case string(head[:len(headMagic)]) != headMagic:
		return f.damaged(errDamaged("it is no SQLite database"))
	case binary.BigEndian.Uint32(head[applicationAt:]) != applicationID:
		return fmt.Errorf("directory: %s is a database of another program: move it away", f.database())
	}
	return nil
}

// errDamaged is what was found in a database.
type errDamaged string

func (e errDamaged) Error() string { return string(e) }

// damaged is the error for a database that SQLite cannot read as it should.
func (f files) damaged(why error) error {
	if !errors.As(why, new(errDamaged)) && !corrupt(why) {
		return fmt.Errorf("directory: %s: %w", f.database(), why) // the disk, rights
	}
	m, _, err := f.readMarker()
	if err != nil {
		return err
	}
	return f.restore(fmt.Sprintf("is damaged (%s)", strings.ReplaceAll(why.Error(), "\n", " ")), m)
}

// identify compares the database's id with the marker's, and writes the marker where there is none yet.
func (f files) identify(ctx context.Context, db *sql.DB) (string, error) {
	id, err := identify(ctx, db, f.now().UnixMicro())
	if err != nil {
		return "", fmt.Errorf("directory: %s: read its id: %w", f.database(), err)
	}
	m, marked, err := f.readMarker()
	if err != nil {
		return "", err
	}
	if marked && m.ID != id {
		return "", fmt.Errorf("directory: %s belongs to another data directory: its id is %s, and %s says %s: "+
			"restore both from one backup", f.database(), id, f.marker(), m.ID)
	}
	if !marked {
		err = f.writeMarker(marker{ID: id, Created: f.now().UTC().Truncate(time.Second)})
	}
	return id, err
}

func (f files) writeMarker(m marker) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	aside := f.marker() + ".new"
	file, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = file.Write(append(b, '\n'))
		err = errors.Join(err, giveTo(file, f.dir), file.Sync(), file.Close())
	}
	if err == nil {
		err = os.Rename(aside, f.marker())
	}
	if err == nil {
		err = syncDir(f.dir)
	}
	if err != nil {
		return fmt.Errorf("directory: write %s: %w", f.marker(), err)
	}
	return nil
}
