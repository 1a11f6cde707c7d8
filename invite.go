package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"verbatim/control"
	"verbatim/server"
)

// linked is what commands that print a link have in common.
type linked struct {
	PublicURL string `name:"public-url" placeholder:"URL" help:"The address at which people reach the server, as its own --public-url. Without it the link begins with a slash."`
}

// print prints a link whose fragment is a secret: a browser sends it to no server, and it stands in no log.
func (l *linked) print(out *server.Streams, page, secret string) error {
	_, err := fmt.Fprintf(out.Stdout, "%s/%s#%s\n", strings.TrimRight(l.PublicURL, "/"), page, secret)
	if err == nil && l.PublicURL == "" {
		_, err = io.WriteString(out.Stderr, "put your server's address before it, or give --public-url\n")
	}
	return err
}

type inviteCommand struct {
	Admin bool     `env:"-" help:"Whoever uses the link becomes an administrator."`
	Uses  int      `env:"-" default:"1" placeholder:"N" help:"How many accounts the link makes."`
	For   duration `env:"-" default:"7d" placeholder:"TIME" help:"How long the link is good: 12h, 7d."`
	controlled
	linked
}

// Help says more than the command's one line.
func (*inviteCommand) Help() string {
	return "The link is shown once; the server keeps only its hash. Whoever has it can make an account."
}

// Run prints an invite link.
func (c *inviteCommand) Run(out *server.Streams) error {
	a, err := c.do(control.Request{Do: control.InviteMake, Admin: c.Admin, Uses: c.Uses, For: time.Duration(c.For)})
	if err != nil {
		return err
	}
	return c.print(out, "invite", a.Secret)
}

// duration is a time.Duration that also knows days.
type duration time.Duration

// UnmarshalText reads 7d, and what time.ParseDuration reads.
func (d *duration) UnmarshalText(text []byte) error {
	var days int
	var after string
	if n, err := fmt.Sscanf(string(text)+" .", "%dd %s", &days, &after); err == nil && n == 2 && after == "." && days < 1e5 {
		*d = duration(time.Duration(days) * 24 * time.Hour)
		return nil
	}
	t, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no time: write it as 90m, 12h or 7d", text)
	}
	*d = duration(t)
	return nil
}

// printable replaces what could change a terminal, or look like another text.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && r != unicode.ReplacementChar {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
