package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// tally is what many runs of a suite came to.
type tally struct {
	suite  suite
	runs   int
	broken int // runs in which anything failed
	took   []time.Duration
	failed map[string]int // how often, by file and name
}

// repeat runs each suite so many times, one after the other, and nothing again. It counts who failed how often.
func (g *gate) repeat(ctx context.Context, chosen []suite, times int) (code int) {
	var tallies []*tally
	for _, s := range chosen {
		t := &tally{suite: s, failed: map[string]int{}}
		tallies = append(tallies, t)
		for t.runs < times && ctx.Err() == nil {
			r := g.once(ctx, s)
			if ctx.Err() == nil {
				word := t.add(r)
				g.out.printf("==== %s: run %d of %d %s in %s\n", s.name, t.runs, times, word, seconds(r.took))
			}
		}
	}
	g.out.printf("\n")
	for _, t := range tallies {
		if t.print(g.out); t.broken > 0 {
			code = 1
		}
	}
	if ctx.Err() != nil {
		g.out.printf("gate: interrupted; what it started has been ended\n")
		return 130
	}
	return code
}

// add counts a run and returns a word for it.
func (t *tally) add(r *result) string {
	t.runs++
	t.took = append(t.took, r.took)
	for _, f := range r.faults {
		t.failed[f.file+" "+f.what]++
	}
	for _, f := range r.failures() {
		t.failed[f.file+" "+f.name]++
	}
	if r.holds() {
		return "passed"
	}
	t.broken++
	return "FAILED"
}

func (t *tally) print(out *printer) {
	if t.runs == 0 {
		return
	}
	slices.Sort(t.took)
	out.printf("%s: %d of %d runs passed; %s to %s, in the middle %s\n", t.suite.name, t.runs-t.broken, t.runs,
		seconds(t.took[0]), seconds(t.took[t.runs-1]), seconds(t.took[t.runs/2]))
	names := slices.SortedFunc(maps.Keys(t.failed), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.failed[b], t.failed[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		out.printf("  %s %s\n", fmt.Sprintf("%d of %d", t.failed[name], t.runs), name)
	}
}
