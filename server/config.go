package server

import (
	"time"

	"verbatim/protocol"
	"verbatim/server/logging"
)

// Config is every setting of `verbatim serve`, once: its flag (the field's name in kebab case), its environment
// variable (VERBATIM_ and the flag's name) and its default. FlagHelp has its help, under the flag's name. A setting's
// older names, its aliases, still work. Check says what is wrong with a setting.
type Config struct {
	Listen  []string `placeholder:"HOST:PORT"`
	DataDir string   `default:"./data" placeholder:"DIR" aliases:"data"`
	Redis   string   `placeholder:"URL"`
	Record  string   `placeholder:"URL" hidden:""`

	SendRate            int           `group:"limits" default:"50" placeholder:"N" aliases:"rate"`
	MaxConnections      int           `group:"limits" default:"10000" placeholder:"N"`
	MaxConnectionsPerIP int           `group:"limits" name:"max-connections-per-ip" default:"0" placeholder:"N"`
	MaxHandshakes       int           `group:"limits" default:"1024" placeholder:"N"`
	MaxFrame            Size          `group:"limits" default:"131072" placeholder:"SIZE"`
	MaxText             Size          `group:"limits" default:"16384" placeholder:"SIZE"`
	WriteTimeout        time.Duration `group:"limits" default:"30s" placeholder:"TIME"`
	HistorySize         int           `group:"limits" default:"1000" placeholder:"N"`
	HistoryTTL          time.Duration `group:"limits" name:"history-ttl" default:"24h" placeholder:"TIME"`
	HistoryMemory       Size          `group:"limits" default:"256MB" placeholder:"SIZE"`

	PublicURL     string   `group:"access" name:"public-url" placeholder:"URL"`
	AllowOrigin   []string `group:"access" placeholder:"ORIGIN" aliases:"origin"`
	AllowHost     []string `group:"access" placeholder:"NAME" aliases:"host"`
	Auth          string   `group:"access" placeholder:"open|token"`
	TrustedProxy  []string `group:"access" placeholder:"CIDR"`
	ProxyProtocol []string `group:"access" placeholder:"CIDR"`
	AdminListen   string   `group:"access" placeholder:"HOST:PORT"`

	TokenSecret     string        `group:"tokens" placeholder:"FILE"`
	TokenKey        []string      `group:"tokens" placeholder:"FILE"`
	TokenJWKS       string        `group:"tokens" name:"token-jwks" placeholder:"URL"`
	TokenIssuer     string        `group:"tokens" placeholder:"ISS"`
	TokenAudience   string        `group:"tokens" placeholder:"AUD"`
	TokenAlgorithms []string      `group:"tokens" placeholder:"ALG"`
	TokenLeeway     time.Duration `group:"tokens" default:"10s" placeholder:"TIME"`
	TokenStale      time.Duration `group:"tokens" default:"24h" placeholder:"TIME"`
	TokenInURL      bool          `group:"tokens" name:"token-in-url"`
	Rules           string        `group:"tokens" placeholder:"FILE"`

	DrainTimeout time.Duration `group:"running" default:"10s" placeholder:"TIME" aliases:"drain"`
	LogFormat    string        `group:"running" default:"auto" enum:"auto,json,pretty" placeholder:"auto|json|pretty"`
	LogLevel     string        `group:"running" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL"`
}

// Logging returns the settings of the log.
func (c *Config) Logging() logging.Options {
	return logging.Options{Level: c.LogLevel, Format: c.LogFormat}
}

// limits are what the contract tells clients.
func (c *Config) limits() *protocol.Limits {
	l := protocol.DefaultLimits()
	l.Rate = c.SendRate
	l.Frame = int(c.MaxFrame)
	l.Text = int(c.MaxText)
	l.WriteTimeout = c.WriteTimeout
	if c.withTokens() {
		l.TokenGrace = tokenGrace
	}
	return &l
}
