package directory

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"verbatim/directory/queries"
)

// Names of files in the data directory.
const (
	FileName   = "server.db"
	MarkerName = "server.id"
	LockName   = "server.lock"
)

// applicationID is what SQLite keeps at the head of our databases: "Vbtm".
const applicationID = 0x5662746d

// sqliteEngine is the engine of a directory in data/server.db.
type sqliteEngine struct{ lock *os.File }

// poll is engine's. Nobody else may write: the lock is held.
func (*sqliteEngine) poll() time.Duration { return 0 }

func (e *sqliteEngine) close() error { return e.lock.Close() }

// OpenSQLite opens data/server.db of a data directory, and makes it where there is none and Options say so. It locks
// it: while it is open no other process has it. An error is one line that says what to do.
//
// Beside the database is a marker, data/server.id, with the id of the directory. It is made once, after the database;
// from then on a database that is missing is lost, and not replaced by an empty one. A database with another id is
// another directory's.
func OpenSQLite(ctx context.Context, dataDir string, opts Options) (*Directory, error) {
	if f := (files{dir: dataDir}); !opts.Create && f.missing() {
		return nil, ErrNone // and nothing is made, not even the lock
	}
	lock, err := lockFiles(ctx, dataDir)
	if err != nil {
		return nil, err
	}
	d, err := openLocked(ctx, dataDir, opts)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	d.engine = &sqliteEngine{lock}
	return d, nil
}

func openLocked(ctx context.Context, dataDir string, opts Options) (*Directory, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	f := files{dir: dataDir, now: opts.Now}
	if err := f.ensure(ctx, opts.Create); err != nil {
		return nil, err
	}
	db, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	d := &Directory{db: db, queries: queries.New(db), now: opts.Now, log: opts.Log}
	if d.id, err = f.identify(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// connect opens a database file. There is one connection: SQLite has one writer, and what must be quick is in memory.
func connect(path, journal string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: absolute, OmitHost: true, RawQuery: url.Values{
		"_pragma": {
			"busy_timeout(10000)", "journal_mode(" + journal + ")", "synchronous(FULL)", "foreign_keys(ON)",
			"trusted_schema(OFF)",
		},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// corrupt reports whether SQLite says that a file is damaged.
func corrupt(err error) bool {
	var said *sqlite.Error
	if !errors.As(err, &said) {
		return false
	}
	primary := said.Code() & 0xff
	return primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB
}
