package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"verbatim/identity/token"
)

// tokenGrace is how long a session may renew its token after that is over.
const tokenGrace = 30 * time.Second

// withTokens reports whether each client needs a token.
func (c *Config) withTokens() bool { return c.Auth == "token" }

// checkTokens refuses settings of tokens that do not fit together. The files are read later.
func (c *Config) checkTokens() error {
	if !c.withTokens() {
		return c.checkNoTokens()
	}
	if c.TokenSecret == "" && len(c.TokenKey) == 0 && c.TokenJWKS == "" {
		return errors.New("--auth token needs a key that verifies tokens: " +
			"give --token-secret, --token-key or --token-jwks")
	}
	if c.TokenJWKS != "" {
		if err := token.CheckURL(c.TokenJWKS); err != nil {
			return fmt.Errorf("--token-jwks: %w", err)
		}
		if c.TokenIssuer == "" || c.TokenAudience == "" {
			return errors.New("--token-jwks needs --token-issuer and --token-audience: " +
				"its keys sign tokens for other programs too")
		}
	}
	for _, alg := range c.TokenAlgorithms {
		if !slices.Contains(token.Algorithms[:], alg) {
			return fmt.Errorf("--token-algorithms %q: there are %s", alg, strings.Join(token.Algorithms[:], ", "))
		}
	}
	switch {
	case c.TokenLeeway < 0 || c.TokenLeeway > maxLeeway:
		return fmt.Errorf("--token-leeway is %v: give one from 0s to %v", c.TokenLeeway, maxLeeway)
	case c.TokenStale < minStale:
		return fmt.Errorf("--token-stale is %v: give at least %v", c.TokenStale, minStale)
	}
	return nil
}

const (
	maxLeeway = 10 * time.Minute
	minStale  = time.Minute
)

// checkNoTokens refuses settings of tokens without --auth token: whoever gives them believes that tokens are checked.
func (c *Config) checkNoTokens() error {
	for _, setting := range []struct {
		flag  string
		given bool
	}{
		{"--token-secret", c.TokenSecret != ""}, {"--token-key", len(c.TokenKey) > 0},
		{"--token-jwks", c.TokenJWKS != ""}, {"--token-issuer", c.TokenIssuer != ""},
		{"--token-audience", c.TokenAudience != ""}, {"--token-algorithms", len(c.TokenAlgorithms) > 0},
		{"--token-in-url", c.TokenInURL},
	} {
		if setting.given {
			return fmt.Errorf("%s belongs to --auth token, and without that everybody may come in: give that too",
				setting.flag)
		}
	}
	return nil
}

// openTokens reads the keys that verify tokens, and fetches those of --token-jwks. If they cannot be fetched, the
// server starts all the same.
func (s *Server) openTokens(ctx context.Context) error {
	if !s.cfg.withTokens() {
		return nil
	}
	o := token.Options{
		Algorithms: s.cfg.TokenAlgorithms, Issuer: s.cfg.TokenIssuer, Audience: s.cfg.TokenAudience,
		Leeway: s.cfg.TokenLeeway,
	}
	if s.cfg.TokenSecret != "" {
		key, err := token.ReadSecret(s.cfg.TokenSecret)
		if err != nil {
			return fmt.Errorf("--token-secret: %w", err)
		}
		o.Keys = append(o.Keys, key)
	}
	for _, path := range s.cfg.TokenKey {
		keys, err := token.ReadKeys(path)
		if err != nil {
			return fmt.Errorf("--token-key: %w", err)
		}
		o.Keys = append(o.Keys, keys...)
	}
	if err := s.cfg.checkAlgorithms(o.Keys); err != nil {
		return err
	}
	if s.cfg.TokenJWKS != "" {
		s.keySet = token.NewKeySet(s.cfg.TokenJWKS, s.cfg.TokenStale, s.log)
		s.keySet.Fetch(ctx)
		o.Set = s.keySet
	}
	s.verifier = token.New(o)
	return nil
}

// checkAlgorithms refuses an algorithm that no key has: its tokens would all be refused.
func (c *Config) checkAlgorithms(keys []token.Key) error {
	for _, alg := range c.TokenAlgorithms {
		known := c.TokenJWKS != "" && alg != "HS256"
		for _, k := range keys {
			known = known || k.Algorithm() == alg
		}
		if !known {
			return fmt.Errorf("--token-algorithms has %s, and no key is for that: leave it out, or give a key", alg)
		}
	}
	return nil
}

// runTokens starts what tokens need while the server runs, and returns what ends it.
func (s *Server) runTokens() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	if s.verifier != nil {
		running.Go(func() { s.env.Expire(ctx) }) // owned by Run; waits for the end of tokens; ends with stop
	}
	if s.keySet != nil {
		running.Go(func() { s.keySet.Run(ctx) }) // owned by Run; waits for time and unknown keys; ends with stop
	}
	return func() {
		cancel()
		running.Wait()
	}
}
