package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"verbatim/control"
	"verbatim/directory"
	"verbatim/server"
)

type keysCommand struct {
	Add    keysAddCommand    `cmd:"" help:"Make an API key for a program, and print it."`
	List   keysListCommand   `cmd:"" help:"List the API keys. Their secrets are not kept."`
	Revoke keysRevokeCommand `cmd:"" help:"Let an API key in no more."`
}

type keysAddCommand struct {
	Name     string   `arg:"" help:"What the key is called: a-z, 0-9, '.', '_', '-'. Its user is key:NAME."`
	Read     []string `placeholder:"PATTERN" env:"-" help:"What the key may read: a conversation, the beginning of ids and *, or *. May be repeated, as the three others."`
	Write    []string `placeholder:"PATTERN" env:"-" help:"What it may write to."`
	Create   []string `placeholder:"PATTERN" env:"-" help:"What it may begin."`
	Moderate []string `placeholder:"PATTERN" env:"-" help:"What it may moderate."`
	As       bool     `env:"-" help:"It may post in the name of other users."`
	For      duration `env:"-" placeholder:"TIME" help:"How long the key is good: 12h, 365d. Without it, until it is revoked."`
	controlled
}

// Help says more than the command's one line.
func (*keysAddCommand) Help() string {
	return "A program sends it as \"Authorization: Bearer vb_…\". It is shown once; the server keeps only its hash. Two keys " +
		"of one name speak for one user: add the new one, change the program, and revoke the old one by its id."
}

// Run prints a new key.
func (c *keysAddCommand) Run(out *server.Streams) error {
	if c.For < 0 {
		return refused{fmt.Errorf("--for %v: give a time that is not over", time.Duration(c.For))}
	}
	a, err := c.do(control.Request{Do: control.KeysAdd, Key: c.Name, For: time.Duration(c.For), Grants: directory.Grants{
		Read: c.Read, Write: c.Write, Create: c.Create, Moderate: c.Moderate, As: c.As,
	}})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out.Stdout, a.Secret+"\n"); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.Stderr, "the key of user %s, shown this once; its id is %s\n", a.Keys[0].User(), a.Keys[0].ID)
	return err
}

type keysListCommand struct{ controlled }

// Run prints a line for each key.
func (c *keysListCommand) Run(out *server.Streams) error {
	a, err := c.do(control.Request{Do: control.KeysList})
	if err != nil {
		return err
	}
	if len(a.Keys) == 0 {
		_, err := io.WriteString(out.Stderr, "no API keys yet: verbatim keys add NAME makes one\n")
		return err
	}
	t := newTable(out.Stdout, "ID", "USER", "MAY", "CREATED", "ENDS", "USED")
	for _, key := range a.Keys {
		ends := when(key.Ends)
		if key.Over(time.Now()) {
			ends += " (over)"
		}
		t.row(key.ID, string(key.User()), may(key.Grants), when(key.Created), ends, when(key.Used))
	}
	return t.Flush()
}

// may writes grants for people.
func may(g directory.Grants) string {
	var all []string
	for _, verb := range []struct {
		name     string
		patterns []string
	}{{"read", g.Read}, {"write", g.Write}, {"create", g.Create}, {"moderate", g.Moderate}} {
		if len(verb.patterns) > 0 {
			all = append(all, verb.name+" "+strings.Join(verb.patterns, ","))
		}
	}
	if g.As {
		all = append(all, "as others")
	}
	if len(all) == 0 {
		return "what the rules say"
	}
	return strings.Join(all, "; ")
}

type keysRevokeCommand struct {
	Key string `arg:"" help:"The key's id, or its name for all keys of that name. verbatim keys list shows both."`
	controlled
}

// Help says more than the command's one line.
func (*keysRevokeCommand) Help() string { return "Its sessions end within a second." }

// Run revokes keys.
func (c *keysRevokeCommand) Run(out *server.Streams) error {
	a, err := c.do(control.Request{Do: control.KeysRevoke, Key: strings.TrimPrefix(c.Key, directory.KeyUser)})
	return done(out, err, "API keys revoked: %d", a.Count)
}
