package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"verbatim/control"
	"verbatim/protocol"
	"verbatim/server"
)

// The commands on people, keys and invites: users.go, keys.go, invite.go, audit.go. A running server does them; without
// one they change the files.

// controlled is what these commands have in common.
type controlled struct {
	DataDir string `default:"./data" placeholder:"DIR" aliases:"data" help:"The server's data directory. A running server does what is asked; without one, its files are changed."`
}

// do has a command done. What it has done is durable when it returns.
func (c *controlled) do(r control.Request) (control.Answer, error) {
	a, err := control.Run(context.Background(), c.DataDir, r)
	if errors.As(err, new(control.Unusable)) {
		return a, refused{err}
	}
	return a, err
}

type usersCommand struct {
	List    usersListCommand    `cmd:"" help:"List the accounts, and users who are blocked."`
	Block   usersBlockCommand   `cmd:"" help:"Let a user in no more, with whatever credential."`
	Unblock usersUnblockCommand `cmd:"" help:"Let a blocked user in again."`
	Reset   usersResetCommand   `cmd:"" help:"Print a link with which a person chooses a new password."`
	Revoke  usersRevokeCommand  `cmd:"" help:"Sign a user out everywhere, and refuse the tokens issued until now."`
}

type usersListCommand struct{ controlled }

// Run prints a line for each user.
func (c *usersListCommand) Run(out *server.Streams) error {
	a, err := c.do(control.Request{Do: control.UsersList})
	if err != nil {
		return err
	}
	if len(a.Accounts)+len(a.Blocks) == 0 {
		_, err := io.WriteString(out.Stderr, "no accounts yet: verbatim invite makes a link for one\n")
		return err
	}
	t := newTable(out.Stdout, "USER", "NAME", "ROLE", "CREATED", "BLOCKED")
	shown := map[protocol.UserID]bool{}
	for _, account := range a.Accounts {
		role := "member"
		if account.Admin {
			role = "administrator"
		}
		t.row(string(account.ID), account.Name, role, when(account.Created), when(account.Blocked))
		shown[account.ID] = true
	}
	for _, block := range a.Blocks {
		if !shown[block.User] {
			t.row(string(block.User), "", "no account", "", when(block.Since))
		}
	}
	return t.Flush()
}

type usersBlockCommand struct {
	User string `arg:"" help:"The user: an account, the user of tokens, or key:NAME."`
	controlled
}

// Help says more than the command's one line.
func (*usersBlockCommand) Help() string {
	return "The user's sessions end within a second. Nothing is deleted: verbatim users unblock USER undoes it."
}

// Run blocks a user.
func (c *usersBlockCommand) Run(out *server.Streams) error {
	_, err := c.do(control.Request{Do: control.UsersBlock, User: protocol.UserID(c.User)})
	return done(out, err, "%s is blocked", c.User)
}

type usersUnblockCommand struct {
	User string `arg:"" help:"The user."`
	controlled
}

// Run ends a block.
func (c *usersUnblockCommand) Run(out *server.Streams) error {
	_, err := c.do(control.Request{Do: control.UsersUnblock, User: protocol.UserID(c.User)})
	return done(out, err, "%s is not blocked any more", c.User)
}

type usersResetCommand struct {
	User string `arg:"" help:"The account."`
	controlled
	linked
}

// Help says more than the command's one line.
func (*usersResetCommand) Help() string {
	return "The link is good once, for 24 hours. Until it is used, the old password works. Give it to that person only."
}

// Run prints a reset link.
func (c *usersResetCommand) Run(out *server.Streams) error {
	a, err := c.do(control.Request{Do: control.UsersReset, User: protocol.UserID(c.User)})
	if err != nil {
		return err
	}
	return c.print(out, "reset", a.Secret)
}

type usersRevokeCommand struct {
	User string `arg:"" help:"The user."`
	controlled
}

// Help says more than the command's one line.
func (*usersRevokeCommand) Help() string {
	return "The user may sign in again, and tokens that are issued from now on are good. Passwords, passkeys and API keys " +
		"stay: verbatim users reset and verbatim keys revoke are for those. The user's sessions end within a second."
}

// Run revokes what a user holds.
func (c *usersRevokeCommand) Run(out *server.Streams) error { return c.revoke(out, c.User) }

func (c *controlled) revoke(out *server.Streams, user string) error {
	a, err := c.do(control.Request{Do: control.UsersRevoke, User: protocol.UserID(user)})
	return done(out, err, "tokens of %s that were issued until %s are refused; sign-ins ended: %d",
		user, a.Until.Format(time.RFC3339), a.Count)
}

type revokeCommand struct {
	User string `placeholder:"USER" env:"-" xor:"what" required:"" help:"Refuse all tokens of this user that were issued until now, and end the user's sign-ins."`
	JTI  string `name:"jti" placeholder:"ID" env:"-" xor:"what" required:"" help:"Refuse the token with this id, its claim jti."`
	controlled
}

// Help says more than the command's one line.
func (*revokeCommand) Help() string {
	return "What is revoked stays so. The sessions concerned end within a second. To let a user in no more at all: " +
		"verbatim users block USER."
}

// Run revokes tokens.
func (c *revokeCommand) Run(out *server.Streams) error {
	if c.User != "" {
		return c.revoke(out, c.User)
	}
	_, err := c.do(control.Request{Do: control.TokenRevoke, TokenID: c.JTI})
	return done(out, err, "the token %s is refused", c.JTI)
}

// done says what was done, or returns the error.
func done(out *server.Streams, err error, format string, args ...any) error {
	if err == nil {
		_, err = fmt.Fprintf(out.Stdout, format+"\n", args...)
	}
	return err
}

// when writes a time for people; none is "".
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// table writes columns.
type table struct{ *tabwriter.Writer }

func newTable(to io.Writer, heads ...string) table {
	t := table{tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)}
	t.row(heads...)
	return t
}

// row writes a row. Its error is Flush's.
func (t table) row(cells ...string) {
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, printable(cell))
	}
	fmt.Fprintln(t)
}
