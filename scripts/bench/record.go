package main

import "fmt"

// record is what goes onto the record, and comes from it.
func record(s *size) []*row {
	there, spread := 1_000_000, 10_000
	if s.quick {
		there = 100_000
	}
	fill := fmt.Sprintf("-work acks -window 1024 -count %d", there)
	return []*row{
		{
			title: "acks, one socket",
			about: "256 messages on their way until acked, on the record each; " +
				"spread: over 10,000 conversations in turn",
			runs: append(one("one", s.shorter+" -work acks -window 256"),
				one("spread", fmt.Sprintf("%s -work acks -window 256 -rooms %d", s.shorter, spread))...),
			targets: []target{
				atLeast(100_000).alone(messages, "one"),
				{of: "spread", figure: messages, how: ratio, against: "one", limit: 0.5, least: true},
			},
		}, {
			title:   "catch-up from 0 of " + grouped(there),
			about:   "one socket joins after 0; the server was started again before",
			runs:    named(verbatim, filled(fill, fmt.Sprintf("%s -work catchup -count %d", s.shorter, there))),
			targets: []target{atLeast(500_000).alone(entries, verbatim), atMost(8).alone(growth, verbatim)},
		},
	}
}
