// Gate runs what each change must pass, `make test` after its set-up and lint, and says how it went.
//
//	go run ./scripts/gate                        all suites
//	go run ./scripts/gate e2e unit               some of them
//	go run ./scripts/gate -run TestAName e2e     of a suite, the tests whose name matches
//	go run ./scripts/gate -times 10 -busy 2 e2e  a suite ten times beside two busy loops (`make repeat`)
//	go run ./scripts/gate -list                  what there is
//
// Every suite runs, whatever failed before it. Its last line is "N passed, N failed", alone on its line; it exits 1
// where anything failed, 2 where it could not be run and 130 where it was interrupted. docs/testing.md explains the
// suites, and when a test may run again.
//
// Concurrency: two suites at a time, each with one child and a goroutine that reads what it tells; a repeated suite
// runs alone. Each child has a process group of its own, which is ended on SIGINT, SIGTERM and SIGHUP: gently, and
// after ten seconds by force.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
)

// options are the flags.
type options struct {
	times int
	busy  int
	run   string
	list  bool
}

func main() {
	var o options
	flag.IntVar(&o.times, "times", 0,
		"run each suite so many `times`, count each test's failures, and run nothing again")
	flag.IntVar(&o.busy, "busy", 0, "so many busy `loops` beside it, each of which would fill a core")
	flag.StringVar(&o.run, "run", "", "of each suite, only the tests whose name this `regexp` matches")
	flag.BoolVar(&o.list, "list", false, "list the suites")
	flag.Usage = usage
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := command(ctx, o, flag.Args(), os.Stdout)
	stop()
	os.Exit(code)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go run ./scripts/gate [flags] [SUITE…]")
	flag.PrintDefaults()
	list(os.Stderr)
}

func list(w io.Writer) {
	for _, s := range suites() {
		fmt.Fprintf(w, "  %-11s %s\n", s.name, s.about)
	}
}

func command(ctx context.Context, o options, names []string, out io.Writer) (code int) {
	if o.list {
		list(out)
		return 0
	}
	chosen, err := choose(suites(), names)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		return 2
	}
	busy, err := startBusyLoops(o.busy)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		return 2
	}
	defer busy.stop()
	g := &gate{out: &printer{w: out}, filter: o.run}
	if o.times > 0 {
		return g.repeat(ctx, chosen, o.times)
	}
	return g.all(ctx, chosen)
}

func (o options) check() error {
	if o.times < 0 || o.busy < 0 || o.busy > 16*runtime.NumCPU() {
		return errors.New("-times and -busy are numbers from 0 on; 2 busy loops are plenty")
	}
	if _, err := regexp.Compile(o.run); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	return nil
}

// choose finds suites by name; all of them where none is named.
func choose(all []suite, names []string) (chosen []suite, err error) {
	for _, name := range names {
		found := false
		for _, s := range all {
			if s.name == name {
				chosen, found = append(chosen, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no suite %q: -list says what there is", name)
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	return chosen, nil
}
