// Package directory is who may do what: accounts and their credentials, sign-ins, invites, API keys, revocations, the
// settings and members of conversations, and the audit trail. It keeps them in a SQL database: data/server.db (SQLite),
// or a schema in PostgreSQL. Both have the same schema and the same queries.
//
// It promises:
//
//   - What a method has done when it returns nil survives kill -9 and a power cut.
//   - What belongs together (an invite and its account, a change and its line in the audit trail) is there as a whole
//     or not at all.
//   - No secret is in it: passwords come hashed, and of everything that the server gives out itself there is only a
//     SHA-256 (package secret).
//   - A database that is lost, damaged, another directory's or a newer program's is an error that says what to do. An
//     empty one never takes its place.
//
// It is never on the path of a message. What a message needs is in memory: State, which Follow keeps up to date.
//
// # Concurrency
//
// A Directory and a State are safe for concurrent use.
package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/directory/queries"
)

// Directory is an open directory. Its user closes it.
type Directory struct {
	// Fixed after it was opened.
	db      *sql.DB
	queries *queries.Queries
	engine  engine
	id      string
	now     func() time.Time
	log     zerolog.Logger

	catching sync.Mutex // held while state is brought up to date
	state    *State     // nil before Load. Guarded by catching
}

// Options are what a Directory needs besides its place. The zero value works.
type Options struct {
	Log zerolog.Logger
	Now func() time.Time // the clock; nil: time.Now

	// Create makes a directory where there is none. Without it, that is ErrNone.
	Create bool
}

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	// poll is how often to ask whether another process has changed something; 0: no other process can.
	poll() time.Duration
	// close gives up what the engine holds besides the database's connections.
	close() error
}

// ErrNone says that there is no directory yet.
var ErrNone = errors.New("directory: there is none yet")

// By says who did something, and from where: what the audit trail says of it.
type By struct {
	Actor string // a user's id, or "command line"
	From  string // an address, or how the command came
}

// ID returns the directory's own id, which a copy has too.
func (d *Directory) ID() string { return d.id }

// Close closes the database. Nothing may be in progress.
func (d *Directory) Close() error {
	err := d.db.Close()
	if err != nil {
		err = fmt.Errorf("directory: close: %w", err)
	}
	return errors.Join(err, d.engine.close())
}

// change is one transaction.
type change struct {
	*queries.Queries
	ctx context.Context
	by  By
	now int64 // microseconds since 1970
}

// change runs f in a transaction, which is durable once change has returned nil; after an error nothing of it is
// there, unless the connection broke during the commit. One change at a time is made, in all processes: each begins
// with the lock on the row of the version. Then the state in memory has it too.
//
// The transaction outlives ctx only in its commit: a commit that is given up may have happened all the same.
func (d *Directory) change(ctx context.Context, by By, f func(*change) error) error {
	if err := d.commit(ctx, by, f); err != nil {
		return err
	}
	d.caughtUp(ctx)
	return nil
}

func (d *Directory) commit(ctx context.Context, by By, f func(*change) error) error {
	conn, err := d.db.Conn(ctx) // which is waited for no longer than ctx lasts
	if err != nil {
		return fmt.Errorf("directory: connect: %w", err)
	}
	defer func() { _ = conn.Close() }() // it goes back to the others
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("directory: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after a commit
	c := &change{Queries: d.queries.WithTx(tx), ctx: ctx, by: by, now: d.now().UnixMicro()}
	if _, err := c.NextVersion(ctx); err != nil {
		return fmt.Errorf("directory: lock: %w", err)
	}
	if err := f(c); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("directory: commit: %w", err)
	}
	return nil
}

// changed notes that something must be read again by whoever holds it in memory.
func (c *change) changed(kind Kind, subject string) error {
	version, err := c.NextVersion(c.ctx)
	if err == nil {
		err = c.InsertChange(c.ctx, queries.InsertChangeParams{Version: version, Kind: string(kind), Subject: subject})
	}
	if err == nil {
		err = c.DeleteChangesUntil(c.ctx, version-keptChanges)
	}
	if err != nil {
		return fmt.Errorf("directory: note the change of %s %s: %w", kind, subject, err)
	}
	return nil
}

// audit writes a line of the audit trail.
func (c *change) audit(action, object string) error {
	seq, err := c.NextVersion(c.ctx)
	if err == nil {
		err = c.InsertAudit(c.ctx, queries.InsertAuditParams{
			Seq: seq, Time: c.now, Actor: c.by.Actor, Action: action, Object: object, Source: c.by.From,
		})
	}
	if err != nil {
		return fmt.Errorf("directory: audit %s of %s: %w", action, object, err)
	}
	return nil
}

// done notes a change of a thing, and writes the line of the audit trail.
func (c *change) done(kind Kind, subject, action, object string) error {
	if err := c.changed(kind, subject); err != nil {
		return err
	}
	return c.audit(action, object)
}

// read adds what was read to an error of the database. missing takes the place of "no such row".
func read(err error, what string, missing error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows) && missing != nil:
		return missing
	}
	return fmt.Errorf("directory: read %s: %w", what, err)
}

// wrote adds what was written to an error of the database.
func wrote(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("directory: write %s: %w", what, err)
}

// timeOf returns a time of the database; 0 is none.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// microsOf returns what the database keeps of a time.
func microsOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
