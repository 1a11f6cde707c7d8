package main

import (
	"cmp"
	"slices"
)

const slowest = 10

// close prints what the run came to: the slowest tests, the suites, what was skipped, what is flaky, what failed, and
// as its last line the counts. It returns the exit code.
//
// Counted are tests without subtests, tests that failed though no subtest did, and faults of packages and files. What
// is flaky has passed, as long as it is not too many: then it has failed.
func (g *gate) close(outcomes []outcome) (code int) {
	all := &result{}
	for _, o := range outcomes {
		all.tests = append(all.tests, o.tests...)
		all.faults = append(all.faults, o.faults...)
	}
	g.out.printf("\n")
	g.slowest(all)
	g.suites(outcomes)
	g.notRun(all)
	nPassed, nFailed := all.count(passed), all.count(failed)+len(all.faults)
	if n := g.tellFlaky(); n > maxFlaky {
		nFlaky := min(n, nPassed)
		nPassed, nFailed = nPassed-nFlaky, nFailed+nFlaky
	}
	g.tellFailed(all)
	g.out.printf("%d passed, %d failed\n", nPassed, nFailed)
	if nFailed > 0 || nPassed == 0 {
		return 1
	}
	return 0
}

func (g *gate) slowest(all *result) {
	tests := slices.Clone(all.tests)
	slices.SortStableFunc(tests, func(a, b *test) int { return cmp.Compare(b.took, a.took) })
	g.out.printf("The slowest %d tests:\n", min(slowest, len(tests)))
	for _, t := range tests[:min(slowest, len(tests))] {
		g.out.printf("  %7s  %-11s %s %s\n", seconds(t.took), t.suite, t.file, t.name)
	}
}

func (g *gate) suites(outcomes []outcome) {
	g.out.printf("The suites:\n")
	for _, o := range outcomes {
		g.out.printf("  %7s  %-11s %d passed, %d failed, %s of processors\n",
			seconds(o.took), o.suite.name, o.count(passed), o.count(failed)+len(o.faults), seconds(o.cpu))
	}
}

func (g *gate) notRun(all *result) {
	if n := all.count(skipped); n > 0 {
		g.out.printf("Skipped:\n")
	}
	for _, t := range all.tests {
		if t.state == skipped {
			g.out.printf("  %-11s %s %s\n", t.suite, t.file, t.name)
		}
	}
}

func (g *gate) tellFlaky() int {
	if len(g.flaky) > 0 {
		g.out.printf("Flaky, passed only when run again:\n")
	}
	for _, f := range g.flaky {
		g.out.printf("  %s\n", f)
	}
	if len(g.flaky) > maxFlaky {
		g.out.printf("More than %d are flaky: they count as failed.\n", maxFlaky)
	}
	return len(g.flaky)
}

func (g *gate) tellFailed(all *result) {
	if all.count(failed)+len(all.faults) > 0 {
		g.out.printf("Failed:\n")
	}
	for _, f := range all.faults {
		g.out.printf("  %-11s %s %s\n", f.suite, f.file, f.what)
	}
	for _, t := range all.tests {
		if t.state == failed {
			g.out.printf("  %-11s %s %s\n", t.suite, t.file, t.name)
		}
	}
}
