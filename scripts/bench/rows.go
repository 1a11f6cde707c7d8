package main

import (
	"fmt"
	"time"
)

// size is how big the works are: in full, or in short.
type size struct {
	quick           bool
	sockets         int
	course, shorter string // the generator's flags for the time: of the main rows, and of those that need less
	duration        time.Duration
}

func sizeOf(o *options) *size {
	s := &size{quick: o.quick, sockets: 10_000, duration: o.duration}
	warm, rest := min(o.duration/5, 500*time.Millisecond), 2*time.Second
	if o.quick {
		s.sockets = 2_000
		warm, rest = o.duration/15, 300*time.Millisecond
	}
	s.sockets = min(s.sockets, mostSockets())
	s.course = fmt.Sprintf("-duration %v -warm %v -rest %v", o.duration, warm, rest)
	s.shorter = fmt.Sprintf("-duration %v -warm %v -rest %v", min(o.duration, 3*time.Second), warm, rest/2)
	return s
}

// rows is the table of what is measured, and its targets. The first ones are those that the plots show.
func rows(o *options) (all []*row) {
	s := sizeOf(o)
	for _, some := range [][]*row{fanOut(s), latencies(s), sockets(s), record(s), starts(s), storms(s), restarts(s), requests(s), growths(s)} {
		all = append(all, some...)
	}
	return all
}

// fanOut is a message to many. The same with Redis stands beside it, in the same round.
func fanOut(s *size) []*row {
	const redisAbout = "; with Redis: Redis's own CPU is not in it"
	fan := func(title, about, flags string, targets ...target) *row {
		return &row{
			title: title, about: about + redisAbout, redis: true,
			runs:    each(s.course+" -work traffic "+flags, coder, frames, verbatim, withRedis),
			targets: append(targets, target{of: withRedis, figure: cpu, how: ratio, against: verbatim, limit: 1.15}),
		}
	}
	none := target{of: verbatim, figure: mallocs, limit: 0.05}
	return []*row{
		fan("1 × 100, window 1", "10 of 100 members publish, each its next message when it sees its own",
			"-members 100", atMost(0.45).times(cpu, coder)),
		fan("1 × 1,000, window 1", "10 of 1,000 members publish, each its next message when it sees its own",
			"-members 1000", atMost(0.45).times(cpu, coder), none),
		fan("1 × 1,000, window 16", "10 of 1,000 members publish, each with 16 messages on their way",
			"-members 1000 -window 16", atMost(0.20).times(cpu, coder), none),
		fan("200 × 5, window 1", "200 conversations of 5, all publish",
			"-rooms 200 -members 5 -publishers 5", atMost(1.10).times(cpu, coder), atLeast(0.85).times(messages, coder)),
		fan("1 × 1,000, 50 messages a second", "open loop: a message is due each 20 ms, whatever the server does",
			"-members 1000 -rate 50", atMost(1.15).times(cpu, coder), atMost(1.5).above(p99, coder)),
	}
}

// sockets is what sockets cost that are there.
func sockets(s *size) []*row {
	n := grouped(s.sockets)
	presence := "-rest 6s" // who is gone for 5 s makes `left`
	if s.quick {
		presence = "-rest 500ms"
	}
	return []*row{
		{
			title: n + " idle sockets, joined", about: "conversations of 10; 128 sockets at most are on their way in at once",
			runs:    each(fmt.Sprintf("%s -work idle -members 10 -rooms %d", s.course, s.sockets/10), coder, frames, verbatim),
			targets: []target{atMost(12).alone(memory, verbatim), atMost(1.10).times(cpuConnect, coder), atMost(1.5).times(connect, coder)},
		}, {
			title: n + " idle sockets, not joined", about: "connected, and no more",
			runs:    one(verbatim, fmt.Sprintf("%s -work idle -members 10 -rooms %d -joined=false", s.course, s.sockets/10)),
			targets: []target{atMost(10).alone(memory, verbatim)},
		}, {
			title: n + " join and leave", about: "sockets that are there already; all in one conversation, and in conversations of 10",
			runs: append(one("in one", fmt.Sprintf("%s -work crowd -members %d", presence, s.sockets)),
				one("in tens", fmt.Sprintf("%s -work crowd -members 10 -rooms %d", presence, s.sockets/10))...),
			targets: []target{{of: "in one", figure: cpuCrowd, how: ratio, against: "in tens", limit: 1.3}},
		}, {
			title: "1 socket in 1,000 conversations", about: "it writes into one of them, window 1, and has joined that one alone, or all",
			runs:    append(one("in 1,000", s.shorter+" -work joins -rooms 1000"), one("in 1", s.shorter+" -work joins -rooms 1")...),
			targets: []target{{of: "in 1,000", figure: cpuMessage, how: ratio, against: "in 1", limit: 1.10}},
		}, {
			title: "1,000 members read", about: "`read`, 50 a second in all, each member in turn",
			runs: one(verbatim, s.shorter+" -work reads -members 1000 -rate 50"), targets: []target{atMost(0.10).alone(cores, verbatim)},
		},
	}
}

// record is what goes onto the record, and comes from it.
func record(s *size) []*row {
	there, spread := 1_000_000, 10_000
	if s.quick {
		there = 100_000
	}
	return []*row{
		{
			title: "acks, one socket", about: "256 messages on their way until acked, on the record each; spread: over 10,000 conversations in turn",
			runs:    append(one("one", s.shorter+" -work acks -window 256"), one("spread", fmt.Sprintf("%s -work acks -window 256 -rooms %d", s.shorter, spread))...),
			targets: []target{atLeast(100_000).alone(messages, "one"), {of: "spread", figure: messages, how: ratio, against: "one", limit: 0.5, least: true}},
		}, {
			title: "catch-up from 0 of " + grouped(there), about: "one socket joins after 0; the server was started anew",
			runs:    named(verbatim, filled(fmt.Sprintf("-work acks -window 1024 -count %d", there), fmt.Sprintf("%s -work catchup -count %d", s.shorter, there))),
			targets: []target{atLeast(500_000).alone(entries, verbatim), atMost(8).alone(growth, verbatim)},
		},
	}
}
