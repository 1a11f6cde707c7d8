package directory

import (
	"context"
	"errors"

	"time"

	"verbatim/directory/queries"
	"verbatim/protocol"
)

// Account is a person who signs in here.
type Account struct {
	ID      protocol.UserID
	Name    string // what is shown
	Admin   bool
	Blocked time.Time // since when; zero: not blocked
	Created time.Time
}

// NewAccount is an account that is to be made, with what its owner signs in with: a password, or a tie to an OpenID
// Connect provider.
type NewAccount struct {
	ID       protocol.UserID
	Name     string // "": the id
	Admin    bool
	Password string // its encoded hash; "": none
	Tie      *Tie   // nil: none
}

// Tie is who an account is at an OpenID Connect provider.
type Tie struct{ Issuer, Subject string }

// maxAccountID is the greatest length of an account's id, in bytes.
const maxAccountID = 32

// What a method refuses, besides errors of the database.
var (
	ErrAccountID = errors.New("directory: an account's id has 1 to 32 of a-z, 0-9, '.', '_' and '-', " +
		"and begins with a letter or a digit")
	ErrNoAccount    = errors.New("directory: there is no such account")
	ErrAccountTaken = errors.New("directory: there is an account with this id")
	ErrTieTaken     = errors.New("directory: another account is tied to this identity of the provider")
	ErrNoPassword   = errors.New("directory: the account has no password")
	ErrBlocked      = errors.New("directory: the account is blocked")
	ErrUser         = errors.New("directory: a user's name has 1 to 64 bytes")
	ErrNotBlocked   = errors.New("directory: the user is not blocked")
)

// ValidAccountID reports whether an id matches ^[a-z0-9][a-z0-9._-]{0,31}$.
func ValidAccountID(id protocol.UserID) bool {
	return len(id) <= maxAccountID && protocol.ConversationID(id).Valid()
}

// validUser reports whether something may be the name of a user. Its form was checked where it came in; here counts
// that it is not endless.
func validUser(id protocol.UserID) bool { return 1 <= len(id) && len(id) <= 64 }

// CreateAccount makes an account, or returns ErrAccountTaken, ErrTieTaken or ErrAccountID.
func (d *Directory) CreateAccount(ctx context.Context, by By, a NewAccount) error {
	return d.change(ctx, by, func(c *change) error { return c.createAccount(a) })
}

func (c *change) createAccount(a NewAccount) error {
	if !ValidAccountID(a.ID) {
		return ErrAccountID
	}
	if a.Name == "" {
		a.Name = string(a.ID)
	}
	made, err := c.InsertAccount(c.ctx, queries.InsertAccountParams{
		ID: a.ID, Name: a.Name, Admin: a.Admin, Created: c.now,
	})
	if err != nil {
		return wrote(err, "the account")
	}
	if made == 0 {
		return ErrAccountTaken
	}

	if a.Password != "" {
		if err := c.setPassword(a.ID, a.Password); err != nil {
			return err
		}
	}
	if a.Tie != nil {
		if err := c.addTie(a.ID, *a.Tie); err != nil {
			return err
		}
	}
	action := "account created"
	if a.Admin {
		action = "administrator created"
		if err := c.DeleteSetUp(c.ctx); err != nil { // a server that has an administrator is set up
			return wrote(err, "the set-up link")
		}
	}
	return c.done(KindUser, string(a.ID), action, string(a.ID))
}

// Account returns an account, or ErrNoAccount.
func (d *Directory) Account(ctx context.Context, id protocol.UserID) (Account, error) {
	row, err := d.queries.Account(ctx, id)
	if err != nil {
		return Account{}, read(err, "an account", ErrNoAccount)
	}
	return accountOf(queries.AccountsRow(row)), nil
}

// Accounts returns all accounts in the order of their ids.
func (d *Directory) Accounts(ctx context.Context) ([]Account, error) {
	rows, err := d.queries.Accounts(ctx)
	if err != nil {
		return nil, read(err, "the accounts", nil)
	}
	accounts := make([]Account, 0, len(rows))
	for _, row := range rows {
		accounts = append(accounts, accountOf(row))
	}
	return accounts, nil
}

func accountOf(row queries.AccountsRow) Account {
	return Account{
		ID: row.ID, Name: row.Name, Admin: row.Admin, Blocked: timeOf(row.Blocked), Created: timeOf(row.Created),
	}
}

// Block is a user who is let in no more.
type Block struct {
	User  protocol.UserID
	Since time.Time
}

// Blocks returns all blocked users, those with an account too, in the order of their names.
func (d *Directory) Blocks(ctx context.Context) ([]Block, error) {
	rows, err := d.queries.Blocks(ctx)
	if err != nil {
		return nil, read(err, "the blocked users", nil)
	}
	blocks := make([]Block, 0, len(rows))
	for _, row := range rows {
		blocks = append(blocks, Block{row.UserID, timeOf(row.Since)})
	}
	return blocks, nil
}

// BlockUser lets a user in no more, with whatever credential. The user needs no account: a token or a key names one
// too. A second block changes nothing.
func (d *Directory) BlockUser(ctx context.Context, by By, user protocol.UserID) error {
	if !validUser(user) {
		return ErrUser
	}
	return d.change(ctx, by, func(c *change) error {
		if _, err := c.InsertBlock(ctx, queries.InsertBlockParams{UserID: user, Since: c.now}); err != nil {
			return wrote(err, "the block")
		}
		return c.done(KindUser, string(user), "user blocked", string(user))
	})
}

// UnblockUser ends a block, or returns ErrNotBlocked.
func (d *Directory) UnblockUser(ctx context.Context, by By, user protocol.UserID) error {
	return d.change(ctx, by, func(c *change) error {
		ended, err := c.DeleteBlock(ctx, user)
		if err != nil {
			return wrote(err, "the end of the block")
		}
		if ended == 0 {
			return ErrNotBlocked
		}
		return c.done(KindUser, string(user), "user unblocked", string(user))
	})
}

// Password returns the encoded hash of an account's password. It is ErrNoPassword if there is none, or no account.
func (d *Directory) Password(ctx context.Context, account protocol.UserID) (hash string, err error) {
	hash, err = d.queries.Password(ctx, account)
	return hash, read(err, "a password", ErrNoPassword)
}

// SetPassword gives an account another password, and ends its sign-ins but one. keep is that one's hash, or zero.
func (d *Directory) SetPassword(ctx context.Context, by By, account protocol.UserID, hash string, keep Hash) error {
	return d.change(ctx, by, func(c *change) error {
		if _, err := c.Account(ctx, account); err != nil {
			return read(err, "the account", ErrNoAccount)
		}
		return c.replacePassword(account, hash, keep)
	})
}

func (c *change) replacePassword(account protocol.UserID, hash string, keep Hash) error {
	if err := c.setPassword(account, hash); err != nil {
		return err
	}
	_, err := c.DeleteSignInsOf(c.ctx, queries.DeleteSignInsOfParams{Account: account, Keep: keep})
	if err != nil {
		return wrote(err, "the end of the sign-ins")
	}
	return c.done(KindUser, string(account), "password changed", string(account))
}

func (c *change) setPassword(account protocol.UserID, hash string) error {
	err := c.Queries.SetPassword(c.ctx, queries.SetPasswordParams{Account: account, Encoded: hash, Changed: c.now})
	return wrote(err, "the password")
}

// AddTie ties an account to an identity of a provider, or returns ErrNoAccount or ErrTieTaken. A tie stays.
func (d *Directory) AddTie(ctx context.Context, by By, account protocol.UserID, tie Tie) error {
	return d.change(ctx, by, func(c *change) error {
		if _, err := c.Account(ctx, account); err != nil {
			return read(err, "the account", ErrNoAccount)
		}
		if err := c.addTie(account, tie); err != nil {
			return err
		}
		return c.audit("provider tied", string(account))
	})
}

func (c *change) addTie(account protocol.UserID, tie Tie) error {
	made, err := c.InsertTie(c.ctx, queries.InsertTieParams{
		Issuer: tie.Issuer, Subject: tie.Subject, Account: account, Created: c.now,
	})
	if err == nil && made == 0 {
		return ErrTieTaken
	}
	return wrote(err, "the tie to the provider")
}

// Tied returns the account of an identity of a provider, or ErrNoAccount.
func (d *Directory) Tied(ctx context.Context, tie Tie) (protocol.UserID, error) {
	account, err := d.queries.Tie(ctx, queries.TieParams(tie))
	return account, read(err, "a tie to a provider", ErrNoAccount)
}

// Ties returns an account's identities at providers, the oldest first.
func (d *Directory) Ties(ctx context.Context, account protocol.UserID) ([]Tie, error) {
	rows, err := d.queries.TiesOf(ctx, account)
	if err != nil {
		return nil, read(err, "the ties to providers", nil)
	}
	ties := make([]Tie, 0, len(rows))
	for _, row := range rows {
		ties = append(ties, Tie{row.Issuer, row.Subject})
	}
	return ties, nil
}
