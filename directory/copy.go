package directory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Copy writes a whole copy of the database of a data directory into a folder, with its marker, whether a server has it
// open or not: as it was at one moment, when all that had returned was in it. Files that are there are not replaced.
// It is ErrNone if there is no directory.
func Copy(ctx context.Context, dataDir, folder string) error {
	f := files{dir: dataDir}
	if f.missing() {
		return ErrNone
	}
	if err := f.ensure(ctx, false); err != nil { // a database that is lost is no backup
		return err
	}
	if err := f.checkHead(); err != nil {
		return err
	}
	into := files{dir: folder}
	if err := f.copyTo(ctx, into); err != nil {
		return fmt.Errorf("directory: copy %s to %s: %w", f.database(), folder, err)
	}
	return nil
}

func (f files) copyTo(ctx context.Context, into files) (err error) {
	absolute, err := filepath.Abs(into.database())
	if err != nil {
		return err
	}
	if err := into.make(absolute); err != nil { // SQLite fills an empty file, and would make one for others to read
		return err
	}
	db, err := connect(f.database(), "WAL")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", absolute)
	if err = errors.Join(err, db.Close()); err != nil {
		return errors.Join(err, os.Remove(absolute))
	}
	if err := syncFile(absolute); err != nil {
		return err
	}
	m, marked, err := f.readMarker()
	if err != nil || !marked {
		return err // a start writes the marker where there is none
	}
	return into.writeMarker(m)
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
