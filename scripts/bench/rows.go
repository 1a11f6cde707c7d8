package main

import (
	"fmt"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// The servers of a row, by the names in the report.
const (
	coder     = "coder"
	frames    = "frames"
	verbatim  = "verbatim"
	withRedis = "verbatim with Redis"
)

// row is one kind of work.
type row struct {
	title string
	about string
	runs  []*trial
	bars  []bar
}

// trial is one server under one work. What it measured in each round is added to it.
type trial struct {
	name     string
	fill     []string // the generator's flags for what must be there; the server is started anew after it
	generate []string // the generator's flags
	measured []*figures.Figures
	failures []string
}

// figure is one of the figures, and how it is written.
type figure struct {
	name, format, unit string
	of                 func(*figures.Figures) float64
}

var (
	cpu        = figure{"CPU of each delivery", "%.2f", "µs", func(f *figures.Figures) float64 { return f.CPUEach }}
	cpuMessage = figure{"CPU of each message", "%.1f", "µs", cpu.of}
	cpuConnect = figure{"CPU of each connect and join", "%.0f", "µs", cpu.of}
	cpuCrowd   = figure{"CPU of each join and leave", "%.0f", "µs", cpu.of}
	cores      = figure{"CPU in all", "%.3f", "cores", func(f *figures.Figures) float64 { return f.Cores }}
	messages   = figure{"messages a second", "%.0f", "/s", func(f *figures.Figures) float64 { return f.MessagesPerSecond }}
	entries    = figure{"entries a second", "%.0f", "/s", func(f *figures.Figures) float64 { return f.DeliveriesPerSecond }}
	p99        = figure{"p99 of latency", "%.1f", "ms", func(f *figures.Figures) float64 { return f.P99 }}
	memory     = figure{"RSS of each connection", "%.1f", "kB", func(f *figures.Figures) float64 { return f.RSSEach }}
	growth     = figure{"RSS at most above what it was", "%.1f", "MB", func(f *figures.Figures) float64 { return f.Growth / 1024 }}
)

// rows is the table of what is measured, and its bars.
func rows(o *options) []*row {
	sockets, entriesThere, spread := 10_000, 1_000_000, 10_000
	warm, rest := o.duration/5, 3*time.Second
	if o.quick {
		sockets, entriesThere = 2_000, 100_000
		warm, rest = o.duration/15, 300*time.Millisecond
	}
	sockets = min(sockets, mostSockets())
	course := fmt.Sprintf("-duration %v -warm %v -rest %v", o.duration, warm, rest)
	presence := "-rest 6s" // who is gone for 5 s makes `left`
	if o.quick {
		presence = "-rest 500ms"
	}
	n := grouped(sockets)
	return []*row{
		{
			title: "1 × 100, window 1", about: "10 of 100 members publish, each its next message when it sees its own",
			runs: three(course + " -work traffic -members 100"), bars: []bar{atMost(0.45).times(cpu, coder)},
		}, {
			title: "1 × 1,000, window 1", about: "10 of 1,000 members publish, each its next message when it sees its own",
			runs: three(course + " -work traffic -members 1000"), bars: []bar{atMost(0.45).times(cpu, coder)},
		}, {
			title: "1 × 1,000, window 16", about: "10 of 1,000 members publish, each with 16 messages on their way",
			runs: three(course + " -work traffic -members 1000 -window 16"), bars: []bar{atMost(0.20).times(cpu, coder)},
		}, {
			title: "200 × 5, window 1", about: "200 conversations of 5, all publish",
			runs: three(course + " -work traffic -rooms 200 -members 5 -publishers 5"),
			bars: []bar{atMost(1.10).times(cpu, coder), atLeast(0.85).times(messages, coder)},
		}, {
			title: "1 × 1,000, 50 messages a second", about: "open loop: a message is due each 20 ms, whatever the server does",
			runs: three(course + " -work traffic -members 1000 -rate 50"),
			bars: []bar{atMost(1.15).times(cpu, coder), atMost(1.5).above(p99, coder)},
		}, {
			title: "1 × 1,000, 50 messages a second, Redis", about: "the same with --redis; Redis's own CPU is not in it",
			runs: append(one(verbatim, course+" -work traffic -members 1000 -rate 50"), one(withRedis, course+" -work traffic -members 1000 -rate 50")...),
			bars: []bar{{of: withRedis, figure: cpu, how: ratio, against: verbatim, limit: 1.15}},
		}, {
			title: n + " idle sockets, joined", about: "conversations of 10",
			runs: three(fmt.Sprintf("%s -work idle -members 10 -rooms %d", course, sockets/10)),
			bars: []bar{atMost(12).alone(memory, verbatim), atMost(1.10).times(cpuConnect, coder)},
		}, {
			title: n + " idle sockets, not joined", about: "connected, and no more",
			runs: one(verbatim, fmt.Sprintf("%s -work idle -members 10 -rooms %d -joined=false", course, sockets/10)),
			bars: []bar{atMost(10).alone(memory, verbatim)},
		}, {
			title: n + " join and leave", about: "sockets that are there already; all in one conversation, and in conversations of 10",
			runs: append(one("in one", fmt.Sprintf("%s -work crowd -members %d", presence, sockets)),
				one("in tens", fmt.Sprintf("%s -work crowd -members 10 -rooms %d", presence, sockets/10))...),
			bars: []bar{{of: "in one", figure: cpuCrowd, how: ratio, against: "in tens", limit: 1.3}},
		}, {
			title: "acks, one socket", about: "256 messages on their way until acked, on the record each; spread: over 10,000 conversations in turn",
			runs: append(one("one", course+" -work acks -window 256"), one("spread", fmt.Sprintf("%s -work acks -window 256 -rooms %d", course, spread))...),
			bars: []bar{atLeast(100_000).alone(messages, "one"), {of: "spread", figure: messages, how: ratio, against: "one", limit: 0.5, least: true}},
		}, {
			title: "catch-up from 0 of " + grouped(entriesThere), about: "one socket joins after 0; the server was started anew",
			runs: []*trial{{
				name: verbatim, fill: strings.Fields(fmt.Sprintf("-work acks -window 1024 -count %d", entriesThere)),
				generate: strings.Fields(fmt.Sprintf("%s -work catchup -count %d", course, entriesThere)),
			}},
			bars: []bar{atLeast(500_000).alone(entries, verbatim), atMost(8).alone(growth, verbatim)},
		}, {
			title: "1 socket in 1,000 conversations", about: "it writes into one of them, window 1, and has joined that one alone, or all",
			runs: append(one("in 1,000", course+" -work joins -rooms 1000"), one("in 1", course+" -work joins -rooms 1")...),
			bars: []bar{{of: "in 1,000", figure: cpuMessage, how: ratio, against: "in 1", limit: 1.10}},
		}, {
			title: "1,000 members read", about: "`read`, 50 a second in all, each member in turn",
			runs: one(verbatim, course+" -work reads -members 1000 -rate 50"), bars: []bar{atMost(0.10).alone(cores, verbatim)},
		},
	}
}

// three runs the same work on both floors and on Verbatim.
func three(flags string) []*trial {
	return append(append(one(coder, flags), one(frames, flags)...), one(verbatim, flags)...)
}

func one(name, flags string) []*trial {
	return []*trial{{name: name, generate: strings.Fields(flags)}}
}
