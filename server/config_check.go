package server

import (
	"errors"
	"fmt"
	"time"

	"verbatim/persistence/history"
	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/listen"
)

// Check refuses a setting that cannot work; the error is one line that says what to do.
func (c *Config) Check() error {
	for _, check := range []func() error{
		c.checkVersion, func() error { return listen.Check(c.Listen, c.Auth) }, c.checkAdmin,
		c.checkLimits, c.checkTimes, c.checkAccess, c.checkTokens, c.checkRules, c.checkRedis,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkVersion refuses settings that the contract has and this version does not.
func (c *Config) checkVersion() error {
	switch {
	case c.Record != "":
		return errors.New("--record: a record in PostgreSQL is not in this version: leave --record out, " +
			"and the record is kept in --data-dir")
	case c.Auth != "" && c.Auth != "open" && c.Auth != "token":
		return fmt.Errorf("--auth %s: there is no such method: give --auth open or --auth token", c.Auth)
	}
	return nil
}

// checkAdmin refuses a malformed address. Any address is allowed: no access is checked there.
func (c *Config) checkAdmin() error {
	if c.AdminListen == "" {
		return nil
	}
	_, err := listen.Parse("--admin-listen", c.AdminListen)
	return err
}

// maxFrame leaves room for an entry's other fields below the contract's bound on the server's own frames.
const maxFrame = protocol.MaxServerFrame - 8<<10

func (c *Config) checkLimits() error {
	for _, s := range []struct {
		flag     string
		value    int64
		min, max int64
	}{
		{"--send-rate", int64(c.SendRate), 0, 1e6},
		{"--max-connections", int64(c.MaxConnections), 1, 1e7},
		{"--max-connections-per-ip", int64(c.MaxConnectionsPerIP), 0, 1e7},
		{"--max-handshakes", int64(c.MaxHandshakes), 1, 1e6},
		{"--max-frame", int64(c.MaxFrame), 1024, maxFrame},
		{"--max-text", int64(c.MaxText), 1, int64(c.MaxFrame) - 512},
		{"--history-size", int64(c.HistorySize), 1, 1e6},
		{"--history-memory", int64(c.HistoryMemory), 1 << 20, 1 << 50},
	} {
		if s.value < s.min || s.value > s.max {
			hint := ""
			if s.flag == "--max-text" {
				hint = " (512 bytes below --max-frame)"
			}
			return fmt.Errorf("%s is %d: give one from %d to %d%s", s.flag, s.value, s.min, s.max, hint)
		}
	}
	return nil
}

func (c *Config) checkTimes() error {
	for _, t := range []struct {
		flag  string
		value time.Duration
		min   time.Duration
	}{
		{"--write-timeout", c.WriteTimeout, time.Second},
		{"--history-ttl", c.HistoryTTL, time.Second},
		{"--drain-timeout", c.DrainTimeout, 0},
	} {
		if t.value < t.min {
			return fmt.Errorf("%s is %v: give at least %v", t.flag, t.value, t.min)
		}
	}
	return nil
}

func (c *Config) checkAccess() error {
	if _, err := access.ParsePublicURL(c.PublicURL); err != nil {
		return err
	}
	if _, err := access.ParseOrigins(c.AllowOrigin); err != nil {
		return err
	}
	for _, host := range c.AllowHost {
		if _, err := access.NormalHost("http", host); err != nil {
			return fmt.Errorf("--allow-host %q is no host name: write it as chat.example.com", host)
		}
	}
	if _, err := access.ParsePeers(c.TrustedProxy); err != nil {
		return fmt.Errorf("--trusted-proxy %w", err)
	}
	if _, err := access.ParsePeers(c.ProxyProtocol); err != nil {
		return fmt.Errorf("--proxy-protocol %w", err)
	}
	return nil
}

func (c *Config) checkRedis() error {
	if c.Redis == "" {
		return nil
	}
	if err := history.CheckURL(c.Redis); err != nil {
		return fmt.Errorf("--redis: %w", err)
	}
	return nil
}
