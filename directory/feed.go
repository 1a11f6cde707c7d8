package directory

import (
	"context"
	"time"
)

// Kind is a kind of thing that can change.
type Kind string

// Kinds of changes. Each says which thing to read again; what it is now says the database.
const (
	KindUser         Kind = "user"         // by name: account, block, sign-ins, revocation
	KindKey          Kind = "key"          // by id
	KindToken        Kind = "token"        // by jti
	KindConversation Kind = "conversation" // by id: settings, members
	KindAll          Kind = "all"          // everything: too much has changed to tell
)

// Change says that a thing is not what it was.
type Change struct {
	Kind    Kind
	Subject string
}

// keptChanges is how many changes are kept. Who has missed more reads everything.
const keptChanges = 10_000

// Load reads what decisions need into memory, and keeps it up to date with what this Directory changes. The second call
// returns the same State.
func (d *Directory) Load(ctx context.Context) (*State, error) {
	d.catching.Lock()
	defer d.catching.Unlock()
	if d.state != nil {
		return d.state, nil
	}
	s := &State{}
	if err := d.readAll(ctx, s); err != nil {
		return nil, err
	}
	d.state = s
	return s, nil
}

// retryAfter is the pause after a failed read of changes.
const retryAfter = 250 * time.Millisecond

// Follow keeps the State up to date with what other processes change, until ctx ends: within a second where the
// database answers. Load comes before it. Call it once, and wait for its end before Close.
func (d *Directory) Follow(ctx context.Context) {
	every := d.engine.poll()
	if every == 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := d.catchUp(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			d.log.Error().Err(err).Msg("the directory does not answer: what it has changed since is not known here")
		} else if err == nil && failed {
			d.log.Info().Msg("the directory answers again")
		}
		failed = err != nil
	}
}

// caughtUp brings the state up to date after a change of our own. The change is durable, so that no error undoes it:
// it is tried until the database answers, or ctx ends.
func (d *Directory) caughtUp(ctx context.Context) {
	for {
		err := d.catchUp(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			d.log.Error().Err(err).Msg("a change of the directory is made, and not known in memory yet")
			return
		case <-time.After(retryAfter):
		}
	}
}

// catchUp reads again what has changed since the state's version, and tells who watches.
func (d *Directory) catchUp(ctx context.Context) error {
	d.catching.Lock()
	defer d.catching.Unlock()
	s := d.state
	if s == nil {
		return nil
	}
	latest, err := d.queries.Version(ctx)
	if err != nil {
		return read(err, "the version", nil)
	}
	known := s.Version()
	if latest == known {
		return nil
	}
	if latest-known > keptChanges {
		if err := d.readAll(ctx, s); err != nil {
			return err
		}
		s.tell([]Change{{Kind: KindAll}})
		return nil
	}

	rows, err := d.queries.ChangesAfter(ctx, known)
	if err != nil {
		return read(err, "the changes", nil)
	}
	seen := make(map[Change]bool, len(rows))
	changes := make([]Change, 0, len(rows))
	for _, row := range rows {
		latest = max(latest, row.Version)
		if change := (Change{Kind(row.Kind), row.Subject}); !seen[change] {
			seen[change] = true
			changes = append(changes, change)
		}
	}
	for _, change := range changes {
		if err := d.readAgain(ctx, s, change); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.version = latest
	s.mu.Unlock()
	if len(changes) > 0 {
		s.tell(changes)
	}
	return nil
}
