package directory

import (
	"context"
	"errors"
	"time"

	"verbatim/directory/queries"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

// Hash is what is kept of a secret.
type Hash = secret.Hash

// SignIn is a browser in which somebody has signed in. Its secret is the cookie's.
type SignIn struct {
	Hash    Hash
	Account protocol.UserID
	Created time.Time
	Seen    time.Time // when it was used; raised now and then
	Ends    time.Time // at the latest
}

// How long a sign-in lasts, and how many an account may have: the one unused for the longest time makes room.
const (
	SignInIdle    = 30 * 24 * time.Hour // without being seen
	SignInLife    = 90 * 24 * time.Hour // in all
	signInsEach   = 100
	signInSecrets = "vs_" // begins a cookie's secret
)

// ErrNoSignIn says that a cookie belongs to no sign-in, or to one that has ended.
var ErrNoSignIn = errors.New("directory: there is no such sign-in")

// Over reports whether the sign-in has ended by itself.
func (s *SignIn) Over(now time.Time) bool {
	return !now.Before(s.Ends) || now.Sub(s.Seen) >= SignInIdle
}

// AddSignIn begins a sign-in, and returns its secret for the cookie. It returns ErrNoAccount or ErrBlocked.
func (d *Directory) AddSignIn(ctx context.Context, by By, account protocol.UserID) (cookie string, err error) {
	cookie = secret.New(signInSecrets)
	err = d.change(ctx, by, func(c *change) error { return c.addSignIn(account, secret.Of(cookie)) })
	if err != nil {
		return "", err
	}
	return cookie, nil
}

func (c *change) addSignIn(account protocol.UserID, hash Hash) error {
	switch row, err := c.Account(c.ctx, account); {
	case err != nil:
		return read(err, "the account", ErrNoAccount)
	case row.Blocked != 0:
		return ErrBlocked
	}
	err := c.DeleteEndedSignInsOf(c.ctx, queries.DeleteEndedSignInsOfParams{
		Account: account, Now: c.now, IdleSince: c.now - SignInIdle.Microseconds(),
	})
	if err == nil {
		err = c.DeleteOldestSignInsOf(c.ctx, queries.DeleteOldestSignInsOfParams{
			Account: account, Keep: signInsEach - 1,
		})
	}
	if err == nil {
		err = c.InsertSignIn(c.ctx, queries.InsertSignInParams{
			Hash: hash, Account: account, Created: c.now, Ends: c.now + SignInLife.Microseconds(),
		})
	}
	if err != nil {
		return wrote(err, "the sign-in")
	}
	return c.done(KindUser, string(account), "signed in", string(account))
}

// SignIn returns the sign-in of a cookie's secret, or ErrNoSignIn. State answers the same from memory.
func (d *Directory) SignIn(ctx context.Context, hash Hash) (SignIn, error) {
	row, err := d.queries.SignIn(ctx, hash)
	if err != nil {
		return SignIn{}, read(err, "a sign-in", ErrNoSignIn)
	}
	s := signInOf(row)
	if s.Over(d.now()) {
		return SignIn{}, ErrNoSignIn
	}
	return s, nil
}

// SignIns returns an account's sign-ins, the oldest first, with those that have ended by themselves.
func (d *Directory) SignIns(ctx context.Context, account protocol.UserID) ([]SignIn, error) {
	rows, err := d.queries.SignInsOf(ctx, account)
	if err != nil {
		return nil, read(err, "the sign-ins", nil)
	}
	signIns := make([]SignIn, 0, len(rows))
	for _, row := range rows {
		signIns = append(signIns, signInOf(row))
	}
	return signIns, nil
}

// SeeSignIn raises when a sign-in was used. Call it now and then, not for each request: it writes.
func (d *Directory) SeeSignIn(ctx context.Context, hash Hash) error {
	return d.change(ctx, By{}, func(c *change) error {
		row, err := c.Queries.SignIn(ctx, hash)
		if err != nil {
			return read(err, "the sign-in", ErrNoSignIn)
		}
		if err := c.SetSeen(ctx, queries.SetSeenParams{Seen: c.now, Hash: hash}); err != nil {
			return wrote(err, "when the sign-in was used")
		}
		return c.changed(KindUser, string(row.Account))
	})
}

// SignOut ends one sign-in, or returns ErrNoSignIn.
func (d *Directory) SignOut(ctx context.Context, by By, hash Hash) error {
	return d.change(ctx, by, func(c *change) error {
		row, err := c.Queries.SignIn(ctx, hash)
		if err != nil {
			return read(err, "the sign-in", ErrNoSignIn)
		}
		if _, err := c.DeleteSignIn(ctx, hash); err != nil {
			return wrote(err, "the sign-in's end")
		}
		return c.done(KindUser, string(row.Account), "signed out", string(row.Account))
	})
}

// SignOutAll ends all sign-ins of an account, and returns how many there were.
func (d *Directory) SignOutAll(ctx context.Context, by By, account protocol.UserID) (ended int, err error) {
	err = d.change(ctx, by, func(c *change) error {
		n, err := c.DeleteSignInsOf(ctx, queries.DeleteSignInsOfParams{Account: account})
		if err != nil {
			return wrote(err, "the sign-ins' end")
		}
		ended = int(n)
		return c.done(KindUser, string(account), "signed out everywhere", string(account))
	})
	return ended, err
}

func signInOf(row queries.SignIn) SignIn {
	return SignIn{
		Hash: row.Hash, Account: row.Account,
		Created: timeOf(row.Created), Seen: timeOf(row.Seen), Ends: timeOf(row.Ends),
	}
}
