package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"verbatim/directory/queries"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

// Kinds of links.
const (
	linkInvite = "invite"
	linkReset  = "reset"
	linkSetUp  = "setup"
)

// How long links are good for. An invite says its own time.
const (
	InviteLife = 7 * 24 * time.Hour // unless another is asked for
	ResetLife  = 24 * time.Hour
	SetUpLife  = 30 * time.Minute
)

// The most that an invite may be asked for.
const (
	maxInviteUses = 1_000
	maxInviteLife = 366 * 24 * time.Hour
)

var (
	// ErrNoLink is one answer for a secret that is unknown, used up or too old: nobody learns which.
	ErrNoLink   = errors.New("directory: the link is not valid: it was used, is too old or never was")
	ErrNoInvite = errors.New("directory: there is no such invite")
)

// Invite is a link that makes accounts. Its secret is not kept.
type Invite struct {
	ID      string
	Admin   bool // it makes administrators
	Uses    int  // left
	Created time.Time
	Creator string
	Ends    time.Time
}

// AddInvite makes an invite, and returns it and its secret. Of what is given, Admin, Uses and life count.
func (d *Directory) AddInvite(
	ctx context.Context, by By, admin bool, uses int, life time.Duration,
) (_ Invite, link string, err error) {
	if uses < 1 || uses > maxInviteUses {
		return Invite{}, "", fmt.Errorf("directory: an invite for %d uses: give 1 to %d", uses, maxInviteUses)
	}
	if life < time.Minute || life > maxInviteLife {
		return Invite{}, "", fmt.Errorf("directory: an invite for %v: give 1m to %v", life, maxInviteLife)
	}
	link = secret.New("")
	row := queries.InsertLinkParams{
		Hash: secret.Of(link), Kind: linkInvite, Admin: admin, Uses: int64(uses), Creator: by.Actor,
	}
	err = d.change(ctx, by, func(c *change) error {
		row.Created, row.Ends = c.now, c.now+life.Microseconds()
		if err := c.addLink(row); err != nil {
			return err
		}
		action := "invite made"
		if admin {
			action = "invite for an administrator made"
		}
		return c.audit(action, row.Hash.ID())
	})
	if err != nil {
		return Invite{}, "", err
	}
	return inviteOf(queries.Link(row)), link, nil
}

func (c *change) addLink(row queries.InsertLinkParams) error {
	err := c.DeleteUsedLinks(c.ctx, c.now)
	if err == nil {
		err = c.InsertLink(c.ctx, row)
	}
	return wrote(err, "the link")
}

// Invites returns the invites that are good for something, the oldest first.
func (d *Directory) Invites(ctx context.Context) ([]Invite, error) {
	rows, err := d.queries.Invites(ctx, d.now().UnixMicro())
	if err != nil {
		return nil, read(err, "the invites", nil)
	}
	invites := make([]Invite, 0, len(rows))
	for _, row := range rows {
		invites = append(invites, inviteOf(row))
	}
	return invites, nil
}

// RemoveInvite makes an invite worthless, or returns ErrNoInvite.
func (d *Directory) RemoveInvite(ctx context.Context, by By, id string) error {
	return d.change(ctx, by, func(c *change) error {
		rows, err := c.Queries.Invites(ctx, c.now)
		if err != nil {
			return read(err, "the invites", nil)
		}
		for _, row := range rows {
			if row.Hash.ID() != id {
				continue
			}
			if _, err := c.DeleteInvite(ctx, row.Hash); err != nil {
				return wrote(err, "the invite's end")
			}
			return c.audit("invite removed", id)
		}
		return ErrNoInvite
	})
}

// SetUp makes a new set-up link, which makes the first administrator, and returns its secret: "" if there is an
// administrator already. Older set-up links become worthless.
func (d *Directory) SetUp(ctx context.Context, by By) (link string, err error) {
	link = secret.New("")
	err = d.change(ctx, by, func(c *change) error {
		admins, err := c.CountAdmins(ctx)
		if err != nil {
			return read(err, "the administrators", nil)
		}
		if err := c.DeleteSetUp(ctx); err != nil {
			return wrote(err, "the set-up link")
		}
		if admins > 0 {
			link = ""
			return nil
		}
		hash := secret.Of(link)
		err = c.addLink(queries.InsertLinkParams{
			Hash: hash, Kind: linkSetUp, Admin: true, Uses: 1, Created: c.now, Creator: by.Actor,
			Ends: c.now + SetUpLife.Microseconds(),
		})
		if err != nil {
			return err
		}
		return c.audit("set-up link made", hash.ID())
	})
	if err != nil {
		return "", err
	}
	return link, nil
}

// CheckLink returns nil if an invite or the set-up link is good for an account, or ErrNoLink. It uses nothing up.
func (d *Directory) CheckLink(ctx context.Context, hash Hash) error {
	row, err := d.queries.Link(ctx, queries.LinkParams{Hash: hash, Now: d.now().UnixMicro()})
	if err == nil && row.Kind == linkReset {
		return ErrNoLink
	}
	return read(err, "a link", ErrNoLink)
}

// Accept uses an invite or the set-up link, makes the account, and signs it in: all of it or nothing. Whether the
// account is an administrator's, the link says. It returns ErrNoLink, or what CreateAccount returns.
func (d *Directory) Accept(ctx context.Context, by By, hash Hash, a NewAccount) (cookie string, err error) {
	cookie = secret.New(signInSecrets)
	err = d.change(ctx, by, func(c *change) error {
		used, err := c.UseLink(ctx, queries.UseLinkParams{Hash: hash, Now: c.now})
		if err != nil {
			return read(err, "the link", ErrNoLink)
		}
		if used.Kind == linkReset {
			return ErrNoLink
		}
		a.Admin = used.Admin
		if err := c.audit(used.Kind+" used", hash.ID()); err != nil {
			return err
		}
		if err := c.createAccount(a); err != nil {
			return err
		}
		return c.addSignIn(a.ID, secret.Of(cookie))
	})
	if err != nil {
		return "", err
	}
	return cookie, nil
}

// AddReset makes a link with which an account gets a new password, and returns its secret. Older ones become
// worthless. It returns ErrNoAccount.
func (d *Directory) AddReset(ctx context.Context, by By, account protocol.UserID) (link string, err error) {
	link = secret.New("")
	err = d.change(ctx, by, func(c *change) error {
		if _, err := c.Account(ctx, account); err != nil {
			return read(err, "the account", ErrNoAccount)
		}
		if err := c.DeleteResetsOf(ctx, account); err != nil {
			return wrote(err, "the older links")
		}
		err := c.addLink(queries.InsertLinkParams{
			Hash: secret.Of(link), Kind: linkReset, Account: account, Uses: 1, Created: c.now, Creator: by.Actor,
			Ends: c.now + ResetLife.Microseconds(),
		})
		if err != nil {
			return err
		}
		return c.audit("reset link made", string(account))
	})
	if err != nil {
		return "", err
	}
	return link, nil
}

// Reset uses a reset link: its account gets another password, and its sign-ins end. It returns whose it was, or
// ErrNoLink.
func (d *Directory) Reset(ctx context.Context, by By, hash Hash, password string) (account protocol.UserID, err error) {
	err = d.change(ctx, by, func(c *change) error {
		used, err := c.UseLink(ctx, queries.UseLinkParams{Hash: hash, Now: c.now})
		if err != nil {
			return read(err, "the link", ErrNoLink)
		}
		if used.Kind != linkReset {
			return ErrNoLink
		}
		account = used.Account
		return c.replacePassword(account, password, Hash{})
	})
	return account, err
}

func inviteOf(row queries.Link) Invite {
	return Invite{
		ID: row.Hash.ID(), Admin: row.Admin, Uses: int(row.Uses),
		Created: timeOf(row.Created), Creator: row.Creator, Ends: timeOf(row.Ends),
	}
}
