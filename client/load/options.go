package load

import (
	"errors"
	"fmt"
	"time"

	"verbatim/protocol"
)

// Options is every setting of `verbatim load`, once: its flag (the field's name in kebab case), its environment
// variable (after VERBATIM_LOAD_) and its default. FlagHelp has its help, under the flag's name. A setting's older
// names, its aliases, still work. Check says what is wrong with a setting.
type Options struct {
	URL string `arg:"" optional:"" default:"127.0.0.1:8080" help:"The server: host:port, http://… or ws://…"`

	Conversations int    `group:"shape" default:"1" placeholder:"N" env:"CONVERSATIONS"`
	Members       int    `group:"shape" default:"100" placeholder:"N" env:"MEMBERS"`
	Publishers    int    `group:"shape" default:"10" placeholder:"N" env:"PUBLISHERS"`
	Size          int    `group:"shape" default:"100" placeholder:"BYTES" env:"SIZE"`
	Prefix        string `group:"shape" default:"load-" placeholder:"ID" env:"PREFIX"`

	Window int     `group:"pace" default:"1" placeholder:"N" env:"WINDOW"`
	Rate   float64 `group:"pace" default:"0" placeholder:"N" env:"RATE"`

	Ramp     time.Duration `group:"course" default:"0s" placeholder:"TIME" env:"RAMP"`
	Warmup   time.Duration `group:"course" default:"1s" placeholder:"TIME" aliases:"warm" env:"WARMUP"`
	Duration time.Duration `group:"course" default:"10s" placeholder:"TIME" env:"DURATION"`
	Deadline time.Duration `group:"course" default:"30s" placeholder:"TIME" env:"DEADLINE"`

	ReconnectEvery time.Duration `group:"course" default:"0s" placeholder:"TIME" aliases:"storm" env:"RECONNECT_EVERY"`

	ReconnectShare float64 `group:"course" default:"0.2" placeholder:"0…1" aliases:"storm-share" env:"RECONNECT_SHARE"`
	Seed           uint64  `group:"course" default:"0" placeholder:"N" env:"SEED"`

	PID  int    `group:"results" name:"pid" default:"0" placeholder:"PID" env:"PID"`
	JSON bool   `group:"results" name:"json" env:"JSON"`
	Plot string `group:"results" placeholder:"FILE.svg" env:"PLOT"`
}

const (
	maxSockets = 200_000
	maxWindow  = 10_000
)

// Check returns what is wrong with the options, in one line that says what to do, or nil.
func (o *Options) Check() error {
	switch {
	case !o.socketsInRange():
		return fmt.Errorf("--conversations %d × --members %d: give from 1 to %d sockets",
			o.Conversations, o.Members, maxSockets)
	case o.Publishers < 0 || o.Publishers > o.Members:
		return fmt.Errorf("--publishers %d: publishers are members: give from 0 to %d", o.Publishers, o.Members)
	case o.Window < 1 || o.Window > maxWindow:
		return fmt.Errorf("--window %d: give from 1 to %d", o.Window, maxWindow)
	case !(o.Rate >= 0 && o.Rate <= 1e7):
		return fmt.Errorf("--rate %v: give from 0 (a closed loop) to 10 million messages a second", o.Rate)
	case o.Rate > 0 && o.Publishers == 0:
		return errors.New("--rate without --publishers: give some")
	case o.Size < 1 || o.Size > 100_000:
		return fmt.Errorf("--size %d: give from 1 to 100000 bytes (the server's --max-text is the limit)", o.Size)
	case o.Duration < time.Second:
		return fmt.Errorf("--duration %v: give at least 1s", o.Duration)
	case o.Ramp < 0 || o.Warmup < 0 || o.ReconnectEvery < 0 || o.Deadline < time.Second:
		return errors.New("--ramp, --warmup and --reconnect-every are from 0s on, --deadline from 1s on")
	case o.ReconnectEvery > 0 && o.ReconnectEvery < 100*time.Millisecond:
		return fmt.Errorf("--reconnect-every %v: give at least 100ms, so that some sockets have time to resume",
			o.ReconnectEvery)
	case !(o.ReconnectShare > 0 && o.ReconnectShare <= 1):
		return fmt.Errorf("--reconnect-share %v: give more than 0, up to 1", o.ReconnectShare)
	case !protocol.ConversationID(fmt.Sprint(o.Prefix, o.Conversations-1)).Valid():
		return fmt.Errorf("--prefix %q: it begins a conversation's id: a-z 0-9 . _ -, and a letter or a digit first",
			o.Prefix)
	case o.PID != 0 && cpuOf(o.PID) < 0:
		return fmt.Errorf("--pid %d: there is no such process on this machine: leave it out, or give the server's",
			o.PID)
	}
	return nil
}

func (o *Options) socketsInRange() bool {
	return o.Conversations >= 1 && o.Conversations <= maxSockets &&
		o.Members >= 1 && o.Members <= maxSockets &&
		o.Conversations*o.Members <= maxSockets
}
