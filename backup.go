package main

import (
	"context"
	"errors"

	"verbatim/directory"
)

type backupCommand struct {
	Copy    string `arg:"" help:"The folder that gets the copy. A server.db that is there is not replaced."`
	DataDir string `default:"./data" placeholder:"DIR" aliases:"data" help:"The server's data directory. A server may be running on it."`
}

// Help says more than the command's one line.
func (*backupCommand) Help() string {
	return "It copies server.db and server.id: accounts, keys, invites, revocations, members. The record is copied by " +
		"docs/operating/backup.sh, which calls this command last: so a private conversation of the copy has its members."
}

// Run copies the directory. Where there is none, there is nothing to do.
func (c *backupCommand) Run() error {
	err := directory.Copy(context.Background(), c.DataDir, c.Copy)
	if errors.Is(err, directory.ErrNone) {
		return nil
	}
	return err
}
