package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"verbatim/directory/queries"
)

// PostgreSQL's own things.
const (
	schemaName   = "verbatim_directory"
	setUpLock    = 0x5662746d_64697265 // of the advisory lock under which the schema is made: "Vbtmdire"
	maxConns     = 8
	pollInterval = 250 * time.Millisecond // what another node has changed is known within a second
)

// postgresEngine is the engine of a directory in PostgreSQL.
type postgresEngine struct{}

func (postgresEngine) poll() time.Duration { return pollInterval }
func (postgresEngine) close() error        { return nil }

// OpenPostgres opens the directory in a PostgreSQL database, in a schema of its own, and makes it where there is none
// and Options say so. Any number of processes may have it open. An error is one line that says what to do; it has no
// password.
func OpenPostgres(ctx context.Context, url string, opts Options) (*Directory, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("directory: this is no address of a PostgreSQL: write it as postgres://user@host/database")
	}
	config.RuntimeParams["search_path"] = schemaName
	config.RuntimeParams["application_name"] = "verbatim directory"
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxConns)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	d := &Directory{db: db, queries: queries.New(db), engine: postgresEngine{}, now: opts.Now, log: opts.Log}
	if err := d.setUpPostgres(ctx, opts); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// setUpPostgres makes or checks the schema. One process at a time does so.
func (d *Directory) setUpPostgres(ctx context.Context, opts Options) (err error) {
	locked, err := d.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("directory: PostgreSQL: %w", oneLine(err))
	}
	defer func() { err = errors.Join(err, locked.Close()) }()
	if _, err := locked.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(setUpLock)); err != nil {
		return fmt.Errorf("directory: PostgreSQL: lock: %w", err)
	}
	defer func() {
		_, uerr := locked.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(setUpLock))
		err = errors.Join(err, uerr)
	}()

	tables, ours, err := schemaTables(ctx, locked)
	switch {
	case err != nil:
		return fmt.Errorf("directory: PostgreSQL: look for the schema %s: %w", schemaName, err)
	case tables > 0 && !ours:
		return fmt.Errorf("directory: PostgreSQL: the schema %s belongs to another program: "+
			"give another database", schemaName)
	case tables == 0 && !opts.Create:
		return ErrNone
	case tables == 0:
		if _, err := locked.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+schemaName); err != nil {
			return fmt.Errorf("directory: PostgreSQL: make the schema %s: %w", schemaName, err)
		}
	}
	if err := migrate(ctx, d.db, goose.DialectPostgres); err != nil {
		return fmt.Errorf("directory: PostgreSQL, schema %s: %w", schemaName, err)
	}
	if d.id, err = identify(ctx, d.db, opts.Now().UnixMicro()); err != nil {
		return fmt.Errorf("directory: PostgreSQL: read the directory's id: %w", err)
	}
	return nil
}

// schemaTables counts the tables of the schema, and reports whether they are ours: goose's table is made first, with
// the migration that makes all others.
func schemaTables(ctx context.Context, conn *sql.Conn) (tables int, ours bool, err error) {
	err = conn.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE tablename = 'goose_db_version') > 0 "+
		"FROM pg_tables WHERE schemaname = $1", schemaName).Scan(&tables, &ours)
	return tables, ours, err
}

// oneLine makes one line of an error; pgx lists each address that it has tried on a line of its own.
func oneLine(err error) error {
	if text := err.Error(); strings.Contains(text, "\n") {
		return errors.New(strings.Join(strings.Fields(text), " "))
	}
	return err
}
