// Bench measures what Verbatim's work costs, beside what bare fan-out costs on the same machine at the same time, and
// writes docs/reports/performance.md.
//
//	make bench-quick                          all rows in the quick form, printed; nothing is written
//	go run ./scripts/bench                    all rows, five rounds; writes docs/reports/
//	go run ./scripts/bench -rows '1 x 1,000'  some rows, printed
//
// Each round runs each row's servers one after the other, fresh each time, driven by the same generator: a machine
// that is slower for a while is slower for all of them. So the ratios are what counts. Figures are no test: the exit
// code is 0 although targets are missed, and the report says which.
//
// Concurrency: one server and one generator run at a time, and bench waits for each. It stops what it started by its
// id, on SIGINT and SIGTERM too.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false,
		"two rounds of 1 s and smaller crowds: does it work, and is anything far off?")
	flag.IntVar(&o.rounds, "rounds", 5, "how many `rounds`")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "what is measured of each run")
	rows := flag.String("rows", "",
		"only the rows whose title this `regexp` matches, × written as x or ×; they are printed")
	flag.StringVar(&o.out, "out", "docs/reports", "the `folder` for performance.md and plots/")
	flag.Parse()
	if o.quick {
		quicken(&o)
	}

	var err error
	if o.rows, err = regexp.Compile(*rows); err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = run(ctx, &o, *rows == "")
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// quicken sets what the quick form needs, unless the command line has set it.
func quicken(o *options) {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["rounds"] {
		o.rounds = 2
	}
	if !given["duration"] {
		o.duration = time.Second
	}
}

func run(ctx context.Context, o *options, all bool) error {
	chosen := choose(o)
	if len(chosen) == 0 || o.rounds < 1 {
		return fmt.Errorf("nothing to do: no row's title matches %q, or -rounds is below 1", o.rows)
	}
	if err := missingPart(chosen); err != nil {
		return err
	}
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer b.clean()

	rep := &report{options: o, machine: describe(ctx), began: time.Now(), rows: chosen}
	if err := b.measure(ctx, chosen, o.rounds); err != nil {
		return err
	}
	rep.took = time.Since(rep.began)
	if o.quick || !all {
		fmt.Print(rep.markdown(false))
		return nil
	}
	return rep.write(o.out)
}
