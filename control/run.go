package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"verbatim/directory"
)

// Unusable is the error of a data directory, or of the directory in it, that does not allow any command.
type Unusable struct{ error }

// Unwrap returns the error itself.
func (u Unusable) Unwrap() error { return u.error }

// Run does a command on the directory of a data directory: through the server that has it open, or else on the files.
// What it has done is durable when it returns. An error is one line for the person who gave the command.
func Run(ctx context.Context, dataDir string, r Request) (Answer, error) {
	if err := look(dataDir, r.Do.creates()); err != nil {
		return Answer{}, Unusable{fmt.Errorf("data directory: %w", err)}
	}
	for {
		a, err := ask(ctx, dataDir, r)
		if !errors.Is(err, errNoServer) {
			return a, err
		}
		d, err := directory.OpenSQLite(ctx, dataDir, directory.Options{Create: r.Do.creates()})
		switch {
		case errors.Is(err, directory.ErrInUse) && listens(ctx, dataDir):
			continue // a server was starting
		case errors.Is(err, directory.ErrNone):
			return without(r)
		case err != nil:
			return Answer{}, Unusable{err}
		}
		by := directory.By{Actor: "command line", From: fmt.Sprintf("uid %d", os.Getuid())}
		a, err = Do(ctx, d, by, r)
		return a, errors.Join(err, d.Close())
	}
}

// look makes sure that there is a data directory. A command that has something to keep makes one, as the server does;
// but not in a folder of other things.
func look(dataDir string, create bool) error {
	entries, err := os.ReadDir(dataDir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		if err := os.MkdirAll(dataDir, 0o700); err != nil {
			return fmt.Errorf("%w: give --data-dir a directory that can be written", err)
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s: give --data-dir the server's", dataDir)
	case err != nil:
		return fmt.Errorf("%w: give --data-dir the server's, as a user who may read it", err)
	case len(entries) == 0:
		return nil
	}
	for _, name := range []string{"format", socketName, directory.LockName, directory.FileName, directory.MarkerName} {
		if _, err := os.Lstat(filepath.Join(dataDir, name)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s is a folder of other things: give --data-dir the server's", dataDir)
}
