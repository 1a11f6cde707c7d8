package main

import (
	"context"
	"fmt"
	"sync"
)

const (
	tries    = 3 // of a story: the first, and twice again
	maxFlaky = 3 // names of stories that passed only when they ran again
	maxAgain = 8 // failures that run again at all: beyond, something is broken
)

// gate is one run. Its methods are one goroutine's, but for once.
type gate struct {
	out    *printer
	filter string
	again  int // failures that ran again
	flaky  []flaky
}

// flaky is a story, or a package that timed out, that passed only when it ran again.
type flaky struct {
	suite, file, name string
	try               int
}

// outcome is a suite's.
type outcome struct {
	suite suite
	*result
}

// all runs the suites, then what may run again, and closes with the counts.
func (g *gate) all(ctx context.Context, chosen []suite) (code int) {
	outcomes := g.each(ctx, chosen)
	for _, o := range outcomes {
		g.repair(ctx, o)
	}
	if ctx.Err() != nil {
		g.out.printf("gate: interrupted; what it started has been ended\n")
		return 130
	}
	return g.close(outcomes)
}

// each runs each suite once, two at a time and in the order given: most tests wait most of the time, and one suite
// alone leaves the processors idle.
func (g *gate) each(ctx context.Context, chosen []suite) []outcome {
	outcomes := make([]outcome, len(chosen))
	next := make(chan int, len(chosen))
	for i, s := range chosen {
		outcomes[i] = outcome{s, &result{}}
		next <- i
	}
	close(next)
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { // ours: it ends where no suite is left, or with ctx
			for i := range next {
				if ctx.Err() == nil {
					outcomes[i].result = g.once(ctx, chosen[i])
				}
			}
		})
	}
	running.Wait()
	return outcomes
}

// repair runs again what of a suite failed and may run again, with nothing beside it.
func (g *gate) repair(ctx context.Context, o outcome) {
	for _, f := range o.faults {
		if f.timedOut && o.suite.tool.storyFile(f.file) {
			g.tryAgain(ctx, o, choice{file: f.file, filter: g.filter})
		}
	}
	for _, t := range o.failures() {
		if !o.faulty(t.file) && o.suite.tool.story(t) {
			g.tryAgain(ctx, o, choice{file: t.file, name: t.name})
		}
	}
}

// once runs a suite once. That no test ran is a fault of its own. Safe for concurrent use.
func (g *gate) once(ctx context.Context, s suite) *result {
	w := &watcher{suite: s.name, out: g.out}
	g.out.printf("---- %-11s %s\n", s.name, s.about)
	running, ended := context.WithCancel(ctx)
	go w.alive(running) // ours: it waits for its ticker, and ends with the run
	r := s.tool.run(ctx, choice{filter: g.filter}, w)
	ended()
	if r.count(passed)+r.count(failed)+len(r.faults) == 0 && ctx.Err() == nil {
		r.faults = append(r.faults, w.fault(&fault{what: "ran no test at all"}))
	}
	for _, t := range r.tests {
		t.suite = s.name
	}
	for _, f := range r.faults {
		f.suite = s.name
	}
	return r
}

// tryAgain runs a test, or a file, up to twice again, each time in a fresh process. Where it passes, its outcome
// takes the place of the failure, and it is flaky.
func (g *gate) tryAgain(ctx context.Context, o outcome, which choice) {
	if ctx.Err() != nil {
		return
	}
	s, r := o.suite, o.result
	if g.again++; g.again > maxAgain {
		g.out.printf("FAIL %-11s %s %s is not run again: too many failures to be luck\n",
			s.name, which.file, which.name)
		return
	}
	for try := 2; try <= tries && ctx.Err() == nil; try++ {
		g.out.printf("---- %-11s %s %s, try %d of %d\n", s.name, which.file, which.name, try, tries)
		again := s.tool.run(ctx, which, &watcher{suite: s.name, out: g.out})
		r.took, r.cpu = r.took+again.took, r.cpu+again.cpu
		if again.holds() && (which.name == "" || len(again.of(which.file, which.name)) > 0) {
			for _, t := range again.tests {
				t.suite = s.name
			}
			r.replace(which, again)
			g.flaky = append(g.flaky, flaky{s.name, which.file, which.name, try})
			return
		}
	}
}

// faulty reports whether a file, or the whole suite, had a fault: its tests' failures are a part of that.
func (r *result) faulty(file string) bool {
	for _, f := range r.faults {
		if f.file == file || f.file == "" {
			return true
		}
	}
	return false
}

// replace puts what a run of some tests came to in the place of what they came to before.
func (r *result) replace(which choice, again *result) {
	var kept []*test
	for _, t := range r.tests {
		if t.file != which.file || which.name != "" && t.top() != which.name {
			kept = append(kept, t)
		}
	}
	for _, t := range again.tests {
		if which.name == "" || t.top() == which.name {
			kept = append(kept, t)
		}
	}
	r.tests = kept
	if which.name != "" {
		return
	}
	var faults []*fault
	for _, f := range r.faults {
		if f.file != which.file {
			faults = append(faults, f)
		}
	}
	r.faults = faults
}

// name of a flaky test, or of a whole file.
func (f flaky) String() string {
	if f.name == "" {
		return fmt.Sprintf("%-11s %s, which timed out (passed at try %d)", f.suite, f.file, f.try)
	}
	return fmt.Sprintf("%-11s %s %s (passed at try %d)", f.suite, f.file, f.name, f.try)
}
