package directory

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	"verbatim/directory/queries"
)

//go:embed migrations/*.sql
var migrations embed.FS

// errNewer says that a database has a schema that this program does not know.
var errNewer = errors.New("its schema is newer than this program: use the verbatim that wrote it, or a newer one")

// migrate brings a database's schema to this program's. Its caller holds a lock that keeps other programs from doing
// the same, and has made sure that the database is ours or empty.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations of this program: %w", err)
	}
	provider, err := goose.NewProvider(dialect, db, files, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read the migrations of this program: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if current > target {
		return fmt.Errorf("it has schema %d, and this program knows %d: %w", current, target, errNewer)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema from %d to %d: %w", current, target, err)
	}
	return nil
}

// identify returns a directory's own id, and gives it one if it has none yet.
func identify(ctx context.Context, db *sql.DB, now int64) (id string, err error) {
	q := queries.New(db)
	row, err := q.Identity(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		id = uuid.NewString()
		err = q.InsertDirectory(ctx, queries.InsertDirectoryParams{ID: id, Created: now})
		return id, err
	}
	return row.ID, err
}
