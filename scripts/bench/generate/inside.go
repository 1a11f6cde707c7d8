package main

import (
	"context"
	"math"

	"verbatim/scripts/bench/figures"
	"verbatim/scripts/bench/metrics"
)

// inside is what the server counts itself, at one moment.
type inside struct {
	page metrics.Page // nil: it has no such page
	err  error
}

// look asks the server beside the loop, which goes on meanwhile. told takes the answer.
func (g *generator) look() <-chan inside {
	answer := make(chan inside, 1)
	go func() { // the work's; ends with the answer, or the reading's own limit
		page, err := metrics.Read(context.Background(), g.addr)
		answer <- inside{page, err}
	}()
	return answer
}

// told fills in what the server counted from one look to the other, by n pieces of work.
func (g *generator) told(f *figures.Figures, from, to <-chan inside, n int64) error {
	before, after := <-from, <-to
	if before.err != nil {
		return before.err
	}
	if after.err != nil || after.page == nil || n == 0 {
		return after.err
	}
	f.MallocsEach = after.page.Since(before.page, "go_memstats_mallocs_total") / float64(n)
	if lag := after.page.Quantile(before.page, "go_sched_latencies_seconds", 0.999); !math.IsNaN(lag) {
		f.Lag = lag * 1000
	}
	return nil
}
