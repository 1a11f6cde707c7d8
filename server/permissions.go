package server

import (
	"context"
	"errors"
	"fmt"
	"os"

	"verbatim/permissions"
)

// checkRules refuses a rules file that nobody would be held to.
func (c *Config) checkRules() error {
	if c.Rules != "" && !c.withTokens() {
		return errors.New("--rules belongs to --auth token, and without that everybody may do everything: " +
			"give that too")
	}
	return nil
}

// ReadRules reads a rules file. The error begins with the file's name, and its line if one is wrong.
func ReadRules(path string) (*permissions.Rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return permissions.ParseRules(path, text)
}

// openPermissions reads the rules and makes the policy; there is none in open mode.
func (s *Server) openPermissions() error {
	if !s.cfg.withTokens() {
		return nil
	}
	var rules *permissions.Rules
	if s.cfg.Rules != "" {
		var err error
		if rules, err = ReadRules(s.cfg.Rules); err != nil {
			return fmt.Errorf("--rules: %w", err)
		}
		s.reloads = append(s.reloads, reloadable{"rules", s.reloadRules})
	}
	s.permissions = permissions.NewPolicy(nil, false, rules)
	return nil
}

// reloadRules reads the rules again. Sessions hear of it at once.
func (s *Server) reloadRules() error {
	rules, err := ReadRules(s.cfg.Rules)
	if err != nil {
		return err
	}
	s.permissions.Replace(rules)
	return nil
}

// runPermissions starts what a policy needs while the server runs, and returns what ends it.
func (s *Server) runPermissions() (stop func()) {
	if s.permissions == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { // owned by Run; waits for changes of the policy; ends with stop
		defer close(ended)
		s.env.Weigh(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}
