// Generate drives a chat server from one thread and says what the work cost the server. It is made to cost little
// itself, for it runs beside the server: one epoll loop, one read(2) for each socket that has something, no
// goroutine, no JSON decoding. An object is known by the letter that its type begins with, a message by a marker in
// its text, which holds the time when it was due. `verbatim load` checks every word instead, and takes more CPU for
// it.
//
//	generate -addr 127.0.0.1:8080 -pid PID -work traffic -members 1000 -publishers 10 -window 16 -duration 5s
//
// It prints one object of figures. The first connection that breaks, and the first `error`, end it with exit 1.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// works are what -work may be.
var works = map[string]func(*generator) (*figures.Figures, error){
	"traffic": (*generator).traffic,
	"spread":  (*generator).spread,
	"idle":    (*generator).idle,
	"crowd":   (*generator).crowd,
	"acks":    (*generator).acks,
	"catchup": (*generator).catchUp,
	"joins":   (*generator).joins,
	"reads":   (*generator).reads,
}

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8080", "the server's `host:port`")
	flag.StringVar(&o.prefix, "prefix", "bench-", "the conversations are `ID`0, ID1, …")
	flag.IntVar(&o.pid, "pid", 0, "the server's process")
	work := flag.String("work", "traffic", "traffic, spread, idle, crowd, acks, catchup, joins or reads")
	flag.IntVar(&o.rooms, "rooms", 1, "how many conversations")
	flag.IntVar(&o.members, "members", 100, "sockets in each")
	flag.IntVar(&o.publishers, "publishers", 10, "how many of them publish")
	flag.IntVar(&o.sockets, "sockets", 1000, "-work spread: so many sockets share the conversations")
	flag.IntVar(&o.window, "window", 1, "closed loop: so many messages of each publisher are on their way")
	flag.Float64Var(&o.rate, "rate", 0, "open loop instead: so many messages a second over all; for -work reads: marks")
	flag.IntVar(&o.size, "size", 100, "`bytes` of text")
	flag.BoolVar(&o.joined, "joined", true, "-work idle: the sockets join")
	flag.IntVar(&o.count, "count", 0, "-work acks: send so many and end; -work catchup: so many are there")
	flag.DurationVar(&o.warm, "warm", 500*time.Millisecond, "work so long before anything is measured")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "the measured time")
	flag.DurationVar(&o.rest, "rest", time.Second, "wait so long where something must settle")
	flag.Parse()
	f, err := run(&o, *work)
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(f) // a broken stdout tells nobody
}

func run(o *options, name string) (*figures.Figures, error) {
	var names []string
	for n := range works {
		names = append(names, n)
	}
	work, ok := works[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("-work %q: give one of %s", name, strings.Join(names, ", "))
	case o.rooms < 1 || o.members < 1 || o.publishers < 0 || o.publishers > o.members || o.window < 1:
		return nil, fmt.Errorf("-rooms, -members and -window are from 1 on, -publishers from 0 to -members")
	case o.size < stampLength:
		return nil, fmt.Errorf("-size %d: give at least %d", o.size, stampLength)
	}
	runtime.LockOSThread()
	debug.SetGCPercent(400)
	g, err := newGenerator(o)
	if err != nil {
		return nil, err
	}
	if _, err := cpuOf(o.pid); err != nil {
		return nil, fmt.Errorf("-pid %d: %w", o.pid, err)
	}
	f, err := work(g)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.Connections = len(g.conns)
	f.RSS = kB(g.rss())
	return f, g.err
}
