package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"verbatim/control"
	"verbatim/server"
)

type auditCommand struct {
	Lines int `short:"n" env:"-" default:"100" placeholder:"N" help:"How many lines at most: the newest ones, in the order of time."`
	controlled
}

// Help says more than the command's one line.
func (*auditCommand) Help() string {
	return "Each line says when, who did what to whom or what, and from where. There is no secret in it, and no text of a message."
}

// Run prints the newest lines of the audit trail.
func (c *auditCommand) Run(out *server.Streams) error {
	if c.Lines < 1 {
		return refused{fmt.Errorf("--lines %d: give at least 1", c.Lines)}
	}
	a, err := c.do(control.Request{Do: control.AuditList, Most: c.Lines})
	if err != nil {
		return err
	}
	if len(a.Events) == 0 {
		_, err := io.WriteString(out.Stderr, "nothing yet\n")
		return err
	}
	slices.Reverse(a.Events)
	t := newTable(out.Stdout, "TIME", "WHO", "DID", "TO", "FROM")
	for _, event := range a.Events {
		t.row(event.Time.UTC().Format(time.RFC3339), event.Actor, event.Action, event.Object, event.From)
	}
	return t.Flush()
}
