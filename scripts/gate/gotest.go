package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// goTests runs Go packages by `go test`. Nothing comes out of Go's cache of results: it does not know that a test has
// built the program and started it.
type goTests struct {
	dir      string // of the module; "" is the current one
	packages []string
	but      []string // folders whose packages are left out
	race     bool
	stories  bool // all of them; in other packages it is the files that say so (stories.go)
	timeout  time.Duration
}

func (g goTests) run(ctx context.Context, which choice, w *watcher) *result {
	began := time.Now()
	packages, err := g.list(ctx, which)
	if err != nil {
		f := w.fault(&fault{what: "its packages cannot be listed", output: err.Error()})
		return &result{faults: []*fault{f}, took: time.Since(began)}
	}
	// No vet: lint has vetted all packages.
	argv := []string{"go", "test", "-json", "-count=1", "-vet=off", "-timeout", g.timeout.String()}
	if g.race {
		argv = append(argv, "-race")
	}
	switch {
	case which.name != "":
		argv = append(argv, "-run", "^"+regexp.QuoteMeta(which.name)+"$")
	case which.filter != "":
		argv = append(argv, "-run", which.filter)
	}
	events := &goEvents{w: w, packages: map[string]*goPackage{}}
	lines := &lineWriter{line: events.line}
	// With the race detector each process sleeps at its end, so that late races are told of: a second by itself.
	env := []string{"GORACE=atexit_sleep_ms=100"}
	cpu, err := child{dir: g.dir, argv: append(argv, packages...), env: env, out: lines}.run(ctx)
	lines.flush()
	r := events.result(err)
	r.took, r.cpu = time.Since(began), cpu
	return r
}

// list returns the import paths of the packages that are chosen.
func (g goTests) list(ctx context.Context, which choice) ([]string, error) {
	if which.file != "" {
		return []string{which.file}, nil
	}
	args := append([]string{"list", "-f", "{{.ImportPath}}\t{{.Module.Path}}"}, g.packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = g.dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	var packages []string
	for line := range strings.Lines(string(out)) {
		path, module, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if folder := strings.TrimPrefix(path, module+"/"); !slices.Contains(g.but, folder) {
			packages = append(packages, path)
		}
	}
	if len(packages) == 0 {
		return nil, fmt.Errorf("go list: there is no package in %v", g.packages)
	}
	return packages, nil
}

// goEvent is a line of `go test -json`.
type goEvent struct {
	Action, Package, Test, Output string
	ImportPath, FailedBuild       string
	Elapsed                       float64
}

// goPackage is what has been heard of a package.
type goPackage struct {
	tests       map[string]*goTest
	order       []string
	output      strings.Builder // its own, beside its tests'
	failedBuild string
	ended       bool
	failed      bool
}

type goTest struct {
	test
	ended bool
	log   strings.Builder
}

// goEvents makes a result of the lines of `go test -json`.
type goEvents struct {
	w        *watcher
	packages map[string]*goPackage
	builds   map[string]*strings.Builder // what the compiler said, by import path
	stray    strings.Builder
	done     result
}

func (e *goEvents) line(line []byte) {
	var v goEvent
	if json.Unmarshal(line, &v) != nil || v.Action == "" {
		e.stray.Write(append(line, '\n'))
		return
	}
	if strings.HasPrefix(v.Action, "build-") {
		e.build(v)
		return
	}
	p := e.packages[v.Package]
	if p == nil {
		p = &goPackage{tests: map[string]*goTest{}}
		e.packages[v.Package] = p
	}
	if v.Test != "" {
		e.ofTest(p, v)
		return
	}
	switch v.Action {
	case "output":
		p.output.WriteString(v.Output)
	case "pass", "fail", "skip":
		p.ended, p.failed, p.failedBuild = true, v.Action == "fail", v.FailedBuild
		e.end(v.Package, p, time.Duration(v.Elapsed*float64(time.Second)))
	}
}

func (e *goEvents) build(v goEvent) {
	if e.builds == nil {
		e.builds = map[string]*strings.Builder{}
	}
	if e.builds[v.ImportPath] == nil {
		e.builds[v.ImportPath] = &strings.Builder{}
	}
	e.builds[v.ImportPath].WriteString(v.Output)
}

func (e *goEvents) ofTest(p *goPackage, v goEvent) {
	t := p.tests[v.Test]
	if t == nil {
		t = &goTest{test: test{file: v.Package, name: v.Test}}
		p.tests[v.Test] = t
		p.order = append(p.order, v.Test)
	}
	switch v.Action {
	case "output":
		t.log.WriteString(v.Output)
	case "pass", "fail", "skip":
		e.w.ended.Add(1)
		t.ended, t.state, t.took = true, state(v.Action), time.Duration(v.Elapsed*float64(time.Second))
		if t.state == failed {
			t.output = t.log.String()
			e.w.failing(&t.test)
		}
		t.log.Reset()
	}
}

// end is told once a package has ended: its tests go into the result, and where more was wrong than tests, a fault.
func (e *goEvents) end(path string, p *goPackage, took time.Duration) {
	var tests []*test
	var open []string
	for _, name := range p.order {
		switch t := p.tests[name]; {
		case !t.ended:
			open = append(open, name)
			p.output.WriteString(t.log.String())
		case p.counts(t):
			tests = append(tests, &t.test)
		}
	}
	e.done.tests = append(e.done.tests, tests...)
	f := p.fault(path, open)
	if p.failedBuild != "" && e.builds[p.failedBuild] != nil {
		f.output += e.builds[p.failedBuild].String()
	}
	if f != nil {
		e.done.faults = append(e.done.faults, f)
	}
	e.w.file(path, tests, f, p.failures(), took)
}

// failures is all that its failed tests have written, those that failed by a subtest too.
func (p *goPackage) failures() (output string) {
	for _, name := range p.order {
		output += p.tests[name].output
	}
	return output
}

// counts reports whether a test is one of those that are counted: one without subtests, or one that failed though no
// subtest of it did.
func (p *goPackage) counts(t *goTest) bool {
	parent := false
	for name, sub := range p.tests {
		if strings.HasPrefix(name, t.name+"/") {
			parent = true
			if sub.ended && sub.state == failed {
				return false
			}
		}
	}
	return !parent || t.state == failed
}

// goCrash is how a test's process ends that crashed. Indented, it is what a test tells of the program under test.
var goCrash = regexp.MustCompile(`(?m)^ *(panic: |fatal error: )|^(exit status [2-9]|signal: )`)

// fault is what was wrong with a package beside failed tests, or nil. The tests that are open have no end.
func (p *goPackage) fault(path string, open []string) *fault {
	all := p.output.String() + p.failures()
	f := &fault{file: path, output: p.output.String()}
	switch {
	case !p.failed && len(open) == 0:
		return nil
	case p.failedBuild != "":
		f.what = "did not build"
	case strings.Contains(all, "panic: test timed out after"):
		f.what, f.timedOut = "ran out of time", true
	case strings.Contains(all, "WARNING: DATA RACE"):
		f.what = "has a data race"
	case len(open) > 0:
		f.what = "crashed in " + strings.Join(open, ", ")
	case goCrash.MatchString(all):
		f.what = "crashed"
	case !slices.ContainsFunc(p.order, func(name string) bool { return p.tests[name].state == failed }):
		f.what = "failed, though none of its tests did"
	default:
		return nil
	}
	return f
}

// result is called once `go test` has ended.
func (e *goEvents) result(err error) *result {
	for path, p := range e.packages {
		if !p.ended {
			p.failed = true
			p.output.WriteString("it was ended before it was done\n")
			e.end(path, p, 0)
		}
	}
	wrong := e.done.count(failed)+len(e.done.faults) > 0
	var exit *exec.ExitError
	if err != nil && (!wrong || !errors.As(err, &exit)) {
		f := &fault{what: "go test: " + err.Error(), output: e.stray.String()}
		e.done.faults = append(e.done.faults, e.w.fault(f))
	}
	return &e.done
}

func (g goTests) story(t *test) bool {
	return g.stories || storiesOf(g.dir, t.file)[t.top()]
}

func (g goTests) storyFile(string) bool { return g.stories }
