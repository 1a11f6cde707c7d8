package server

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"verbatim/persistence/history"
	"verbatim/protocol"
)

// Config is every setting of `verbatim serve`, once: its flag (the field's name in kebab case), its environment
// variable (VERBATIM_ and the flag's name), its default and its help. Check says what is wrong with one.
type Config struct {
	Listen []string `placeholder:"HOST:PORT" help:"Where to serve: 127.0.0.1:8080, [::1]:8080, :8080 (all addresses) or unix:/run/verbatim.sock. Port 0 picks a free one. May be repeated. What others reach over a network needs --auth open. Default: 127.0.0.1:8080, or the sockets that systemd hands over."`
	Data   string   `default:"./data" placeholder:"DIR" help:"The folder of the record: made where it is missing, locked while the server runs."`
	Redis  string   `placeholder:"URL" help:"A Redis for recent history, redis://HOST:PORT/DB. Without it history is in memory; nothing is lost either way."`
	Record string   `placeholder:"URL" hidden:"" help:"A PostgreSQL for the record. Not in this version."`

	Rate                int           `group:"limits" default:"50" placeholder:"N" help:"Sends a second for each session, and POSTs for each address (4 times that for its network); bursts of twice that. 0: no limit."`
	MaxConnections      int           `group:"limits" default:"10000" placeholder:"N" help:"WebSocket connections at once."`
	MaxConnectionsPerIP int           `group:"limits" name:"max-connections-per-ip" default:"0" placeholder:"N" help:"The same for each address (an IPv6 /64 counts as one; 4 times that for an IPv4 /24 or an IPv6 /56, 16 times for a /48). 0: no limit."`
	MaxHandshakes       int           `group:"limits" default:"1024" placeholder:"N" help:"Connections that have not finished a request, in all; a 32nd of that for each address. Beyond that the oldest are closed."`
	MaxFrame            Size          `group:"limits" default:"131072" placeholder:"SIZE" help:"The most bytes of one frame, or one POST, of a client."`
	MaxText             Size          `group:"limits" default:"16384" placeholder:"SIZE" help:"The most bytes of one message's text."`
	WriteTimeout        time.Duration `group:"limits" default:"30s" placeholder:"TIME" help:"A client whose connection takes nothing for so long is closed."`
	HistorySize         int           `group:"limits" default:"1000" placeholder:"N" help:"Recent entries to keep at hand for each conversation."`
	HistoryTTL          time.Duration `group:"limits" name:"history-ttl" default:"24h" placeholder:"TIME" help:"How long they stay at hand after the newest. The record keeps everything."`
	HistoryMemory       Size          `group:"limits" default:"256MB" placeholder:"SIZE" help:"Memory for the entries at hand of all conversations."`

	PublicURL     string   `group:"doors" name:"public-url" placeholder:"URL" help:"Where people reach this server where that is not where it listens: https://chat.example.com/, or https://example.com/chat/ below a path."`
	Origin        []string `group:"doors" placeholder:"ORIGIN" help:"A web page's origin that may connect besides the server's own, https://app.example.com; https://*.example.com for all sub-domains; capacitor://localhost for an application's own. May be repeated."`
	Host          []string `group:"doors" placeholder:"NAME" help:"A host name that this server goes by, beyond localhost, where it listens on loopback. May be repeated."`
	Auth          string   `group:"doors" placeholder:"open" help:"open: a name is a claim, and whoever reaches the server may read and write. Assumed on loopback; must be said elsewhere."`
	TrustedProxy  []string `group:"doors" placeholder:"CIDR" help:"A reverse proxy, as an address or a network, whose X-Forwarded-For, -Proto and -Host count; unix: who connects by a Unix socket. May be repeated."`
	ProxyProtocol []string `group:"doors" placeholder:"CIDR" help:"A proxy, as an address or a network, that must say by PROXY protocol (version 1 or 2) for whom it connects; unix: who connects by a Unix socket. May be repeated."`
	AdminListen   string   `group:"doors" placeholder:"HOST:PORT" help:"Where (an address as for --listen) /metrics and /debug/pprof/ are served, to whoever reaches it. Without it /metrics is on the main address, where that is loopback and no proxy asks."`
	TokenInURL    bool     `group:"doors" name:"token-in-url" hidden:"" help:"Take tokens from ?token= too. Belongs to --auth token, which is not in this version."`

	Drain     time.Duration `group:"running" default:"10s" placeholder:"TIME" help:"How long SIGTERM and SIGINT wait for what is in flight; sessions are sent away over a quarter of it at most. A second signal ends the server at once."`
	LogFormat string        `group:"running" default:"auto" enum:"auto,json,pretty" placeholder:"auto|json|pretty" help:"How stderr is written. auto: pretty on a terminal, else JSON."`
	LogLevel  string        `group:"running" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"What is logged: debug, info, warn or error, and above."`
}

// Check refuses a setting that cannot work; the error is one line that says what to do.
func (c *Config) Check() error {
	for _, check := range []func() error{
		c.checkVersion, c.checkListen, c.checkAdmin, c.checkLimits, c.checkTimes, c.checkDoors, c.checkRedis,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkVersion refuses what the contract promises and a later version brings.
func (c *Config) checkVersion() error {
	switch {
	case c.Record != "":
		return fmt.Errorf("--record: a record in PostgreSQL is not in this version: leave --record out, and the record is kept in --data")
	case c.Auth == "token" || c.TokenInURL:
		return fmt.Errorf("--auth token: tokens are not in this version: use --auth open behind something that checks who comes in")
	case c.Auth != "" && c.Auth != "open":
		return fmt.Errorf("--auth %s: there is no such way: give --auth open", c.Auth)
	}
	return nil
}

// checkAdmin refuses an address that is none. Whoever reaches it may read there, so that it may be any.
func (c *Config) checkAdmin() error {
	if c.AdminListen == "" {
		return nil
	}
	_, err := parseEndpoint("--admin-listen", c.AdminListen)
	return err
}

// mostFrame leaves room for an entry's other fields below the contract's bound on the server's own frames.
const mostFrame = protocol.MaxServerFrame - 8<<10

func (c *Config) checkLimits() error {
	for _, s := range []struct {
		flag        string
		value       int64
		least, most int64
	}{
		{"--rate", int64(c.Rate), 0, 1e6},
		{"--max-connections", int64(c.MaxConnections), 1, 1e7},
		{"--max-connections-per-ip", int64(c.MaxConnectionsPerIP), 0, 1e7},
		{"--max-handshakes", int64(c.MaxHandshakes), 1, 1e6},
		{"--max-frame", int64(c.MaxFrame), 1024, mostFrame},
		{"--max-text", int64(c.MaxText), 1, int64(c.MaxFrame) - 512},
		{"--history-size", int64(c.HistorySize), 1, 1e6},
		{"--history-memory", int64(c.HistoryMemory), 1 << 20, 1 << 50},
	} {
		if s.value < s.least || s.value > s.most {
			hint := ""
			if s.flag == "--max-text" {
				hint = " (512 bytes below --max-frame)"
			}
			return fmt.Errorf("%s is %d: give one from %d to %d%s", s.flag, s.value, s.least, s.most, hint)
		}
	}
	return nil
}

func (c *Config) checkTimes() error {
	for _, t := range []struct {
		flag  string
		value time.Duration
		least time.Duration
	}{
		{"--write-timeout", c.WriteTimeout, time.Second},
		{"--history-ttl", c.HistoryTTL, time.Second},
		{"--drain", c.Drain, 0},
	} {
		if t.value < t.least {
			return fmt.Errorf("%s is %v: give at least %v", t.flag, t.value, t.least)
		}
	}
	return nil
}

func (c *Config) checkDoors() error {
	if _, err := parsePublicURL(c.PublicURL); err != nil {
		return err
	}
	if _, err := newOrigins(c.Origin); err != nil {
		return err
	}
	for _, host := range c.Host {
		if _, err := normalHost("http", host); err != nil {
			return fmt.Errorf("--host %q is no host name: write it as chat.example.com", host)
		}
	}
	if _, err := parsePeers(c.TrustedProxy); err != nil {
		return fmt.Errorf("--trusted-proxy %w", err)
	}
	if _, err := parsePeers(c.ProxyProtocol); err != nil {
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

func (c *Config) limits() *protocol.Limits {
	l := protocol.DefaultLimits()
	l.Rate = c.Rate
	l.Frame = int(c.MaxFrame)
	l.Text = int(c.MaxText)
	l.WriteTimeout = c.WriteTimeout
	return &l
}

// Size is a number of bytes, written as 131072, 128kB, 256MB or 1GB (powers of 1024).
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "kKmMgGiIbB ")
	n, err := strconv.ParseInt(digits, 10, 40)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no size: write it as 131072, 128kB, 256MB or 1GB", text)
	}
	switch unit := strings.ToLower(strings.TrimSpace(string(text[len(digits):]))); unit {
	case "", "b":
	case "k", "kb", "kib":
		n <<= 10
	case "m", "mb", "mib":
		n <<= 20
	case "g", "gb", "gib":
		n <<= 30
	default:
		return fmt.Errorf("%q is no size: write it as 131072, 128kB, 256MB or 1GB", text)
	}
	*s = Size(n)
	return nil
}
