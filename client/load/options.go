package load

import (
	"errors"
	"fmt"
	"time"

	"verbatim/protocol"
)

// Options is every setting of `verbatim load`, once: flag, variable, default, help. Check says what is wrong with one.
type Options struct {
	URL string `arg:"" optional:"" default:"127.0.0.1:8080" help:"The server: host:port, http://… or ws://…"`

	Conversations int    `group:"shape" default:"1" placeholder:"N" env:"VERBATIM_LOAD_CONVERSATIONS" help:"How many conversations."`
	Members       int    `group:"shape" default:"100" placeholder:"N" env:"VERBATIM_LOAD_MEMBERS" help:"Sockets in each; all of them read and check."`
	Publishers    int    `group:"shape" default:"10" placeholder:"N" env:"VERBATIM_LOAD_PUBLISHERS" help:"How many of them publish too. 0: idle sockets."`
	Size          int    `group:"shape" default:"100" placeholder:"BYTES" env:"VERBATIM_LOAD_SIZE" help:"The text of each message."`
	Prefix        string `group:"shape" default:"load-" placeholder:"ID" env:"VERBATIM_LOAD_PREFIX" help:"The conversations are ID0, ID1, …. What stands in them is passed over; what is sent stays on the record."`

	Window int     `group:"pace" default:"1" placeholder:"N" env:"VERBATIM_LOAD_WINDOW" help:"Closed loop: each publisher has N messages on their way, until acknowledged and seen by itself."`
	Rate   float64 `group:"pace" default:"0" placeholder:"N" env:"VERBATIM_LOAD_RATE" help:"Open loop instead: N messages a second over all publishers, whatever the server does; latency counts from when a message was due."`

	Ramp           time.Duration `group:"course" default:"0s" placeholder:"TIME" env:"VERBATIM_LOAD_RAMP" help:"Spread the connecting over this time. 0: as fast as the server takes them, 64 at once."`
	Warmup         time.Duration `group:"course" default:"1s" placeholder:"TIME" aliases:"warm" env:"VERBATIM_LOAD_WARMUP" help:"Publish so long before anything is measured."`
	Duration       time.Duration `group:"course" default:"10s" placeholder:"TIME" env:"VERBATIM_LOAD_DURATION" help:"The measured time. SIGINT ends it early."`
	Deadline       time.Duration `group:"course" default:"30s" placeholder:"TIME" env:"VERBATIM_LOAD_DEADLINE" help:"How long to wait at the start for all to have joined, and at the end for what is on its way; what is not there then is lost."`
	ReconnectEvery time.Duration `group:"course" default:"0s" placeholder:"TIME" aliases:"storm" env:"VERBATIM_LOAD_RECONNECT_EVERY" help:"Each TIME, break a share of all sockets; they reconnect and resume. 0: never."`
	ReconnectShare float64       `group:"course" default:"0.2" placeholder:"0…1" aliases:"storm-share" env:"VERBATIM_LOAD_RECONNECT_SHARE" help:"That share."`
	Seed           uint64        `group:"course" default:"0" placeholder:"N" env:"VERBATIM_LOAD_SEED" help:"What text is sent and whose sockets break. 0: another one each time; the report says it."`

	PID  int    `group:"results" name:"pid" default:"0" placeholder:"PID" env:"VERBATIM_LOAD_PID" help:"The server's process on this machine: what each delivery cost it."`
	JSON bool   `group:"results" name:"json" env:"VERBATIM_LOAD_JSON" help:"Print the report as one JSON object."`
	Plot string `group:"results" placeholder:"FILE.svg" env:"VERBATIM_LOAD_PLOT" help:"Draw throughput and latency over time, a point a second."`
}

// Help is what `verbatim load --help` teaches beside the flags.
const Help = `A load test against a running server. Every message is checked at every reader: each seq once and in order, every
acknowledged message seen by every member, all members in one order. Exit 1 where one was lost, doubled or out of order.

Start the server with --send-rate 0. With its default (50 sends a second for each session) it reads a faster publisher more
slowly: no errors, but the figures are that limit's.

  verbatim serve --send-rate 0 &
  verbatim load --members 1000                          one crowd: 10 publishers, 1,000 readers
  verbatim load --members 1000 --window 16              the same at saturation
  verbatim load --conversations 200 --members 5 --publishers 5
                                                        many small conversations
  verbatim load --members 1000 --rate 50 --duration 60s --plot load.svg
                                                        50 messages a second: what latency do people see?
  verbatim load --reconnect-every 5s --duration 60s     each 5 s a fifth of the sockets break and resume
  verbatim load --pid $(pgrep -f 'verbatim serve')      what each delivery costs the server
  verbatim load --members 5000 --publishers 0           idle sockets
  verbatim load https://chat.example.com --members 50 --rate 20

Where the generator shares the server's machine, it takes CPU from it, and says how much; GOMAXPROCS=1 before the command
leaves it one core.`

const (
	mostSockets = 200_000
	mostWindow  = 10_000
)

// Check refuses what cannot work; the error is one line that says what to do.
func (o *Options) Check() error {
	switch {
	case o.Conversations < 1 || o.Members < 1 || o.Conversations > mostSockets || o.Members > mostSockets || o.Conversations*o.Members > mostSockets:
		return fmt.Errorf("--conversations %d × --members %d: give from 1 to %d sockets", o.Conversations, o.Members, mostSockets)
	case o.Publishers < 0 || o.Publishers > o.Members:
		return fmt.Errorf("--publishers %d: publishers are members: give from 0 to %d", o.Publishers, o.Members)
	case o.Window < 1 || o.Window > mostWindow:
		return fmt.Errorf("--window %d: give from 1 to %d", o.Window, mostWindow)
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
		return fmt.Errorf("--reconnect-every %v: give at least 100ms, so that somebody gets to resume", o.ReconnectEvery)
	case !(o.ReconnectShare > 0 && o.ReconnectShare <= 1):
		return fmt.Errorf("--reconnect-share %v: give more than 0, up to 1", o.ReconnectShare)
	case !protocol.ConversationID(fmt.Sprint(o.Prefix, o.Conversations-1)).Valid():
		return fmt.Errorf("--prefix %q: it begins a conversation's id: a-z 0-9 . _ -, and a letter or a digit first", o.Prefix)
	case o.PID != 0 && cpuOf(o.PID) < 0:
		return fmt.Errorf("--pid %d: there is no such process on this machine: leave it out, or give the server's", o.PID)
	}
	return nil
}
