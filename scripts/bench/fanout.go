package main

import "fmt"

// fanOut is a message to many. The same with Redis is beside it, in the same round.
func fanOut(s *size) []*row {
	const redisAbout = "; with Redis: Redis's own CPU is not in it"
	fan := func(title, about, flags string, targets ...target) *row {
		withoutRedis := target{of: withRedis, figure: cpu, how: ratio, against: verbatim, limit: 1.15}
		return &row{
			title: title, about: about + redisAbout, redis: true,
			runs:    each(s.course+" -work traffic "+flags, coder, frames, verbatim, withRedis),
			targets: append(targets, withoutRedis),
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
			"-rooms 200 -members 5 -publishers 5",
			atMost(1.10).times(cpu, coder), atLeast(0.85).times(messages, coder)),
		fan("1 × 1,000, 50 messages a second", "open loop: a message is due each 20 ms, whatever the server does",
			"-members 1000 -rate 50", atMost(1.15).times(cpu, coder), atMost(1.5).above(p99, coder)),
	}
}

// sockets is what sockets cost that are there.
func sockets(s *size) []*row {
	n := grouped(s.sockets)
	tens := fmt.Sprintf("-members 10 -rooms %d", s.sockets/10)
	presence := "-rest 6s" // `left` comes 5 s after a client is gone
	if s.quick {
		presence = "-rest 500ms"
	}
	return []*row{
		{
			title: n + " idle sockets, joined",
			about: "conversations of 10; 128 sockets at most are on their way in at once",
			runs:  each(s.course+" -work idle "+tens, coder, frames, verbatim),
			targets: []target{
				atMost(12).alone(memory, verbatim),
				atMost(1.10).times(cpuConnect, coder), atMost(1.5).times(connect, coder),
			},
		}, {
			title: n + " idle sockets, not joined", about: "connected, and no more",
			runs:    one(verbatim, s.course+" -work idle "+tens+" -joined=false"),
			targets: []target{atMost(10).alone(memory, verbatim)},
		}, {
			title: n + " join and leave",
			about: "sockets that are there already; all in one conversation, and in conversations of 10",
			runs: append(one("in one", fmt.Sprintf("%s -work crowd -members %d", presence, s.sockets)),
				one("in tens", presence+" -work crowd "+tens)...),
			targets: []target{{of: "in one", figure: cpuCrowd, how: ratio, against: "in tens", limit: 1.3}},
		}, {
			title: "1 socket in 1,000 conversations",
			about: "it writes into one of them, window 1, and has joined that one alone, or all",
			runs: append(one("in 1,000", s.shorter+" -work joins -rooms 1000"),
				one("in 1", s.shorter+" -work joins -rooms 1")...),
			targets: []target{{of: "in 1,000", figure: cpuMessage, how: ratio, against: "in 1", limit: 1.10}},
		}, {
			title: "1,000 members read", about: "`read`, 50 a second in all, each member in turn",
			runs:    one(verbatim, s.shorter+" -work reads -members 1000 -rate 50"),
			targets: []target{atMost(0.10).alone(cores, verbatim)},
		},
	}
}
