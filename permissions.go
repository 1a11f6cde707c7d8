package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"verbatim/permissions"
	"verbatim/protocol"
	"verbatim/server"
)

type permissionsCommand struct {
	User         string   `arg:"" help:"The user: a name, or guest, or key:NAME."`
	Conversation string   `arg:"" help:"The conversation's id. It need not exist."`
	Rules        string   `placeholder:"FILE"`
	Group        []string `placeholder:"GROUP" env:"-"`
}

// Run prints for each verb whether the user may do it, and which rule says so.
func (c *permissionsCommand) Run(out *server.Streams) error {
	policy, err := c.policy()
	if err != nil {
		return refused{err}
	}
	subject, err := c.subject()
	if err != nil {
		return refused{err}
	}
	id := protocol.ConversationID(c.Conversation)
	if !id.Valid() {
		return refused{fmt.Errorf("%s", protocol.InvalidConversation(c.Conversation).Reason)}
	}

	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, verb := range permissions.Verbs() {
		answer := "no"
		allowed, why := policy.Explain(subject, verb, id)
		if allowed {
			answer = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", verb, answer, why)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = io.WriteString(out.Stdout, text.String())
	return err
}

func (c *permissionsCommand) policy() (*permissions.Policy, error) {
	if c.Rules == "" {
		return permissions.NewPolicy(nil, false, nil), nil
	}
	rules, err := server.ReadRules(c.Rules)
	if err != nil {
		return nil, fmt.Errorf("--rules: %w", err)
	}
	return permissions.NewPolicy(nil, false, rules), nil
}

// subject returns who asks. A token's own grants are not known here.
func (c *permissionsCommand) subject() (*permissions.Subject, error) {
	s := &permissions.Subject{Kind: permissions.User, Groups: c.Group}
	switch {
	case c.User == "guest":
		s.Kind = permissions.Guest
		s.User = "guest-0000000000000000"
		return s, nil
	case strings.HasPrefix(c.User, "key:"):
		s.Kind = permissions.Key
	}
	name, err := protocol.Name(c.User)
	if err != nil {
		return nil, fmt.Errorf("%s", err.Reason)
	}
	s.User = name
	return s, nil
}
