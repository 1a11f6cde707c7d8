// Bench measures what Verbatim's work costs, beside what the bare fan-out costs on the same machine at the same time, and
// writes docs/reports/performance.md.
//
//	make bench-quick                          all rows in short form, printed; nothing is written
//	go run ./scripts/bench                    all rows, five rounds; writes docs/reports/performance.md and docs/reports/plots/
//	go run ./scripts/bench -rows '1 x 1,000'  some rows, printed
//
// Each round runs each row's servers one after the other, fresh each time, driven by the same generator: a machine that
// is slower for a while is slower for all of them. So what counts is the ratios. Figures are no test: it exits 0 where
// targets are missed, and says so.
//
// Concurrency: one server and one generator run at a time, each waited for. What it started is stopped by its id, on
// SIGINT and SIGTERM too.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	quick    bool
	rounds   int
	rows     *regexp.Regexp
	duration time.Duration
	out      string // the folder of the report
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "two rounds of 1 s and smaller crowds: does it work, and is anything far off?")
	flag.IntVar(&o.rounds, "rounds", 5, "how many `rounds`")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "what is measured of each run")
	rows := flag.String("rows", "", "only the rows whose title this `regexp` matches, × written as x or ×; they are printed")
	flag.StringVar(&o.out, "out", "docs/reports", "the `folder` for performance.md and plots/")
	flag.Parse()
	if o.quick {
		given := map[string]bool{}
		flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
		if !given["rounds"] {
			o.rounds = 2
		}
		if !given["duration"] {
			o.duration = time.Second
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if o.rows, err = regexp.Compile(*rows); err == nil {
		err = run(ctx, &o, *rows == "")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options, all bool) error {
	var chosen []*row
	for _, r := range rows(o) {
		if o.rows.MatchString(r.title) || o.rows.MatchString(strings.ReplaceAll(r.title, "×", "x")) {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) == 0 || o.rounds < 1 {
		return fmt.Errorf("nothing to do: no row's title matches %q, or -rounds is below 1", o.rows)
	}
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer b.clean()
	if err := b.check(chosen); err != nil {
		return err
	}
	rep := &report{options: o, machine: describe(ctx), began: time.Now(), rows: chosen}
	if err := b.measure(ctx, rep); err != nil {
		return err
	}
	rep.took = time.Since(rep.began)
	if o.quick || !all {
		fmt.Print(rep.markdown(false))
		return nil
	}
	return rep.write(o.out)
}
