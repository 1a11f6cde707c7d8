package directory

import (
	"context"
	"errors"
	"time"

	"verbatim/directory/queries"
	"verbatim/protocol"
)

// Passkey is a WebAuthn credential of an account.
type Passkey struct {
	ID         string // the credential's id, base64url
	Account    protocol.UserID
	Name       string // what its owner calls it
	Credential string // JSON: the public key and what else a check needs
	Created    time.Time
	Used       time.Time // zero: never
}

var (
	ErrNoPasskey    = errors.New("directory: there is no such passkey")
	ErrPasskeyTaken = errors.New("directory: this passkey is an account's already")
)

// AddPasskey adds a passkey to its account, or returns ErrNoAccount or ErrPasskeyTaken.
func (d *Directory) AddPasskey(ctx context.Context, by By, p Passkey) error {
	return d.change(ctx, by, func(c *change) error {
		if _, err := c.Account(ctx, p.Account); err != nil {
			return read(err, "the account", ErrNoAccount)
		}
		made, err := c.InsertPasskey(ctx, queries.InsertPasskeyParams{
			ID: p.ID, Account: p.Account, Name: p.Name, Credential: p.Credential, Created: c.now,
		})
		if err != nil {
			return wrote(err, "the passkey")
		}
		if made == 0 {
			return ErrPasskeyTaken
		}
		return c.audit("passkey added", string(p.Account))
	})
}

// Passkey returns a passkey by its id, or ErrNoPasskey.
func (d *Directory) Passkey(ctx context.Context, id string) (Passkey, error) {
	row, err := d.queries.Passkey(ctx, id)
	if err != nil {
		return Passkey{}, read(err, "a passkey", ErrNoPasskey)
	}
	return passkeyOf(row), nil
}

// Passkeys returns an account's passkeys, the oldest first.
func (d *Directory) Passkeys(ctx context.Context, account protocol.UserID) ([]Passkey, error) {
	rows, err := d.queries.PasskeysOf(ctx, account)
	if err != nil {
		return nil, read(err, "the passkeys", nil)
	}
	passkeys := make([]Passkey, 0, len(rows))
	for _, row := range rows {
		passkeys = append(passkeys, passkeyOf(row))
	}
	return passkeys, nil
}

// UsePasskey keeps what a sign-in has changed of a credential (its counter), and when that was.
func (d *Directory) UsePasskey(ctx context.Context, by By, id, credential string) error {
	return d.change(ctx, by, func(c *change) error {
		n, err := c.UpdatePasskey(ctx, queries.UpdatePasskeyParams{Credential: credential, Used: c.now, ID: id})
		if err == nil && n == 0 {
			return ErrNoPasskey
		}
		return wrote(err, "the passkey")
	})
}

// RemovePasskey removes a passkey of an account, or returns ErrNoPasskey.
func (d *Directory) RemovePasskey(ctx context.Context, by By, account protocol.UserID, id string) error {
	return d.change(ctx, by, func(c *change) error {
		n, err := c.DeletePasskey(ctx, queries.DeletePasskeyParams{ID: id, Account: account})
		if err != nil {
			return wrote(err, "the passkey's end")
		}
		if n == 0 {
			return ErrNoPasskey
		}
		return c.audit("passkey removed", string(account))
	})
}

func passkeyOf(row queries.Passkey) Passkey {
	return Passkey{
		ID: row.ID, Account: row.Account, Name: row.Name, Credential: row.Credential,
		Created: timeOf(row.Created), Used: timeOf(row.Used),
	}
}
