package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"verbatim/directory"
)

// Do does a command on a directory. What it has done is durable when it returns. An error is one line for the person
// who gave the command.
func Do(ctx context.Context, d *directory.Directory, by directory.By, r Request) (Answer, error) {
	a, err := do(ctx, d, by, r)
	if err != nil {
		return Answer{}, explain(err, r)
	}
	return a, nil
}

func do(ctx context.Context, d *directory.Directory, by directory.By, r Request) (a Answer, err error) {
	switch r.Do {
	case UsersList:
		if a.Accounts, err = d.Accounts(ctx); err == nil {
			a.Blocks, err = d.Blocks(ctx)
		}
	case UsersBlock:
		err = d.BlockUser(ctx, by, r.User)
	case UsersUnblock:
		err = d.UnblockUser(ctx, by, r.User)
	case UsersReset:
		a.Secret, err = d.AddReset(ctx, by, r.User)
	case UsersRevoke:
		a.Until, a.Count, err = d.RevokeUser(ctx, by, r.User)
	case KeysAdd:
		return addKey(ctx, d, by, r)
	case KeysList:
		a.Keys, err = d.Keys(ctx)
	case KeysRevoke:
		a.Count, err = d.RevokeKey(ctx, by, r.Key)
	case InviteMake:
		a.Invite, a.Secret, err = d.AddInvite(ctx, by, r.Admin, r.Uses, r.For)
	case TokenRevoke:
		err = d.RevokeToken(ctx, by, r.TokenID, time.Time{})
	case AuditList:
		a.Events, err = d.AuditTrail(ctx, 0, r.Most)
	default:
		err = fmt.Errorf("the server does not know %q: it is of another version than this program", r.Do)
	}
	return a, err
}

func addKey(ctx context.Context, d *directory.Directory, by directory.By, r Request) (Answer, error) {
	var ends time.Time
	if r.For != 0 {
		ends = time.Now().Add(r.For)
	}
	key, apiKey, err := d.AddKey(ctx, by, r.Key, r.Grants, ends)
	return Answer{Keys: []directory.Key{key}, Secret: apiKey}, err
}

// explain says what to do about an error that a person has made.
func explain(err error, r Request) error {
	switch {
	case errors.Is(err, directory.ErrNoAccount):
		return fmt.Errorf("there is no account %q: verbatim users list shows those that there are", r.User)
	case errors.Is(err, directory.ErrNotBlocked):
		return fmt.Errorf("%q is not blocked: verbatim users list shows who is", r.User)
	case errors.Is(err, directory.ErrNoKey):
		return fmt.Errorf("there is no API key %q: verbatim keys list shows the names and ids of those that there are",
			r.Key)
	}
	return err
}

// without is the answer where there is no directory yet, and the command makes none.
func without(r Request) (Answer, error) {
	switch r.Do {
	case UsersUnblock:
		return Answer{}, explain(directory.ErrNotBlocked, r)
	case UsersReset:
		return Answer{}, explain(directory.ErrNoAccount, r)
	case KeysRevoke:
		return Answer{}, explain(directory.ErrNoKey, r)
	}
	return Answer{}, nil
}
