package main

import (
	"context"
	"fmt"
	"strings"

	"verbatim/scripts/bench/figures"
)

// growths is what a delivery costs while one thing grows and the rest stays. They are measured twice.
func growths(s *size) []*row {
	if s.quick {
		return nil
	}
	const short = "-duration 2s -warm 300ms -rest 1s"
	series := func(a axis, about string, values []int, do func(value int) work) *row {
		r := &row{title: "growth: " + a.label, about: about, rounds: 2, growth: &a}
		for _, v := range values {
			r.runs = append(r.runs, &trial{name: grouped(v), x: float64(v), do: do(v)})
		}
		return r
	}
	return []*row{
		series(axis{name: "members", label: "members of the conversation",
			says: "The work of a message (decode, record, ack, wake) is shared by its deliveries: ten members " +
				"bear more of it each than a hundred. The last column is the whole message. A crowd of 10,000 " +
				"sockets probably no longer fits into the cores' caches."},
			"one conversation, 10 of its members publish, window 1", []int{10, 100, 1_000, min(10_000, s.sockets)},
			func(n int) work { return generated(verbatim, fmt.Sprintf("%s -work traffic -members %d", short, n)) }),
		series(axis{name: "conversations", label: "conversations",
			says: "Five deliveries a message at all points, so the message's own work is the same share of each. " +
				"Yet in few conversations many messages are on their way at once, and share a commit, a wake and " +
				"a write call; where each message has its conversation for itself, they share the sync alone."},
			"1,000 sockets share them, five members each (so below 200 conversations some sockets are idle, and "+
				"with 100,000 each is in 500); open loop, 10,000 messages a second over all conversations in turn",
			[]int{1, 10, 100, 1_000, 10_000, 100_000},
			func(n int) work {
				const spread = "-work spread -sockets 1000 -members 5 -publishers 1 -rate 10000"
				return generated(verbatim, fmt.Sprintf("%s %s -rooms %d", short, spread, n))
			}),
		series(axis{name: "backlog", label: "messages in the conversation beforehand",
			says: "It is meant to be flat: nothing that a message passes looks at what is old."},
			"1 × 100, window 1, in a conversation that holds so many already (the second round: and those of the "+
				"first); the server was started again after they were put there",
			[]int{10, 1_000, 100_000, 1_000_000, 10_000_000},
			func(n int) work { return (&backlog{entries: n, flags: short + " -work traffic -members 100"}).run }),
		series(axis{name: "text", label: "bytes of text",
			says: "Bytes are checked on the way in, hashed and written onto the record, " +
				"and copied by the kernel to each member."},
			"1 × 100, window 1", []int{20, 100, 1_000, 4_000, 16_000},
			func(n int) work {
				return generated(verbatim, fmt.Sprintf("%s -work traffic -members 100 -size %d", short, n))
			}),
	}
}

// backlog is a conversation that is filled once.
type backlog struct {
	entries int
	flags   string
	folder  string // "": not filled yet
}

func (k *backlog) run(ctx context.Context, b *bench, _ string) (*figures.Figures, error) {
	if k.folder == "" {
		folder, err := b.newFolder()
		if err != nil {
			return nil, err
		}
		if err := b.fill(ctx, folder, fmt.Sprintf("-work acks -window 1024 -count %d", k.entries)); err != nil {
			return nil, err
		}
		k.folder = folder
	}
	return b.drive(ctx, verbatim, k.folder, strings.Fields(k.flags), (*process).stop)
}
