package main

import (
	"context"
	"fmt"
	"slices"

	"verbatim/scripts/bench/figures"
)

const twoHundred = " -work traffic -rooms 200 -members 5 -publishers 5"

// again is the second run of Verbatim without Redis.
const again = "verbatim again"

// latencies is what people see while the server is half busy, with Redis and without.
func latencies(s *size) []*row {
	half := func(server string) *trial {
		return &trial{name: server, do: func(ctx context.Context, b *bench, data string) (*figures.Figures, error) {
			peak, err := b.peakRate(ctx, s)
			if err != nil {
				return nil, err
			}
			return generated(server, fmt.Sprintf("%s%s -rate %d", s.course, twoHundred, int(peak/2)))(ctx, b, data)
		}}
	}
	r := &row{
		title: "200 × 5, half of the peak rate", redis: true, mirrored: 2,
		about: "open loop at half of what 200 × 5, window 1, reaches without Redis: the median of three runs at " +
			"this bench's start, so that the rate is one in all rounds. Latency counts from when a message was " +
			"due. What a tenth of a percentile is worth must not be left to one hiccup of the machine: each round " +
			"makes the runs forwards and then backwards (without, with, without again; without again, with, " +
			"without), twice; a ratio is that of two neighbours, and the median is over four times as many ratios " +
			"as there are rounds. `verbatim again` is the same server without Redis once more: its ratios are " +
			"what chance makes here",
	}
	r.runs = []*trial{half(verbatim), half(withRedis), half(verbatim)}
	r.runs[2].name = again
	if s.quick {
		r.mirrored = 0
	}

	for _, f := range []figure{p50, p90, p99, p999} {
		r.targets = append(r.targets, target{of: withRedis, figure: f, how: ratio, against: verbatim, limit: 1.10})
	}
	for _, f := range []figure{p50, p90, p99, p999} {
		r.targets = append(r.targets, target{of: again, figure: f, how: ratio, against: verbatim, shown: true})
	}
	r.targets = append(r.targets, atMost(1).alone(lag, verbatim))
	return []*row{r}
}

// peakRate returns the messages a second that 200 × 5 reaches without Redis. It is measured once.
func (b *bench) peakRate(ctx context.Context, s *size) (float64, error) {
	if b.peak > 0 {
		return b.peak, nil
	}
	var found []float64
	flags := fmt.Sprintf("-duration %v -warm 300ms -rest 500ms%s", s.duration/2, twoHundred)
	for range 3 {
		f, err := b.once(ctx, generated(verbatim, flags))
		if err != nil {
			return 0, fmt.Errorf("the peak rate: %w", err)
		}
		found = append(found, f.MessagesPerSecond)
	}
	slices.Sort(found)
	b.peak = found[1]
	say("the peak rate of 200 × 5 is %.0f messages a second (%.0f to %.0f)", found[1], found[0], found[2])
	return b.peak, nil
}
