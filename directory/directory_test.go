package directory_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"verbatim/directory"
	"verbatim/directory/directorytest"
	"verbatim/testparts/postgres"
)

func TestMain(m *testing.M) {
	if dir, life, writer := strings.Cut(os.Getenv(writerVariable), ":"); writer {
		fmt.Fprintln(os.Stderr, writes(dir, life))
		os.Exit(1)
	}
	code := m.Run()
	if started != nil {
		started.Stop()
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var started *postgres.Server // nil until a test needs it

var startPostgres = sync.OnceValue(func() (err error) {
	started, err = postgres.Start()
	return err
})

// postgresURL returns the address of an empty database of a real PostgreSQL.
func postgresURL(t *testing.T) string {
	t.Helper()
	if err := startPostgres(); err != nil {
		t.Fatal(err)
	}
	url, err := started.Database()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	directorytest.Run(t, func(t *testing.T) directorytest.Place {
		dir := t.TempDir()
		return directorytest.Place{
			Open: func(ctx context.Context, opts directory.Options) (*directory.Directory, error) {
				return directory.OpenSQLite(ctx, dir, opts)
			},
			Exec: func(ctx context.Context, statement string) error {
				return exec(ctx, "sqlite", filepath.Join(dir, "server.db"), statement)
			},
		}
	})
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	directorytest.Run(t, func(t *testing.T) directorytest.Place {
		url := postgresURL(t)
		return directorytest.Place{
			Shared: true,
			Open: func(ctx context.Context, opts directory.Options) (*directory.Directory, error) {
				return directory.OpenPostgres(ctx, url, opts)
			},
			Exec: func(ctx context.Context, statement string) error {
				return exec(ctx, "pgx", url+"&search_path=verbatim_directory", statement)
			},
		}
	})
}

// exec runs a statement on a database of its own connection.
func exec(ctx context.Context, driver, source, statement string) error {
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}
