package main

import (
	"context"
	"strings"
	"time"
)

// tool runs the tests of a suite.
type tool interface {
	// run runs those that are chosen, in a process of their own, and tells the watcher what happens as it happens.
	run(ctx context.Context, which choice, w *watcher) *result
	// story reports whether a test needs real parts, and may run again when it fails.
	story(t *test) bool
	// storyFile reports whether all of a package's or file's tests are stories: it may run again when it timed out.
	storyFile(file string) bool
}

// choice is which tests of a suite are run; nothing in it means all.
type choice struct {
	filter string // a regexp for names
	file   string // a Go package or a web file
	name   string // exactly this test, by the name under which its tool runs it
}

type state string

const (
	passed  state = "pass"
	failed  state = "fail"
	skipped state = "skip"
)

// test is one test that ran, and how it ended.
type test struct {
	suite, file, name string // Go: name/of/subtest
	state             state
	took              time.Duration
	output            string // of one that failed
}

// top is the name under which a tool can run the test: that of the test whose subtest it is.
func (t *test) top() string {
	if strings.HasSuffix(t.file, ".ts") || strings.HasSuffix(t.file, ".tsx") {
		return t.name
	}
	top, _, _ := strings.Cut(t.name, "/")
	return top
}

// fault is what was wrong with a whole package or file, and is no test's failure: it did not build, it crashed.
type fault struct {
	suite, file string
	what        string
	output      string
	timedOut    bool
}

// result is what came of running a suite's command.
type result struct {
	tests  []*test
	faults []*fault
	took   time.Duration
	cpu    time.Duration // of all its processes that were waited for
}

func (r *result) count(s state) (n int) {
	for _, t := range r.tests {
		if t.state == s {
			n++
		}
	}
	return n
}

// failures are the tests that failed, one for each name under which a tool can run them.
func (r *result) failures() (found []*test) {
	seen := map[[2]string]bool{}
	for _, t := range r.tests {
		key := [2]string{t.file, t.top()}
		if t.state == failed && !seen[key] {
			seen[key] = true
			found = append(found, &test{suite: t.suite, file: t.file, name: t.top(), state: failed})
		}
	}
	return found
}

// of are the tests of a file with this name or below it.
func (r *result) of(file, top string) (found []*test) {
	for _, t := range r.tests {
		if t.file == file && t.top() == top {
			found = append(found, t)
		}
	}
	return found
}

// holds reports whether a test ran, and all that ran passed.
func (r *result) holds() bool {
	return len(r.faults) == 0 && r.count(failed) == 0 && r.count(passed) > 0
}
