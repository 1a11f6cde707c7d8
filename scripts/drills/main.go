// Drills are the faults that the promises of docs/protocol are about, done to the real binary under load: kill -9,
// power cuts, failing disks, Redis in all its moods, clients that stall or vanish. Clients log what they sent, were
// told and saw; the checker (promises/) decides; at the end one table says what was run.
//
//	go run ./scripts/drills                 all drills in their long form: `make drills`, about a quarter of an hour
//	go run ./scripts/drills kill9 redis     some of them
//	go run ./scripts/drills -short all      all in short form, as `make test` runs them
//	go run ./scripts/drills -duration 1h soak
//	go run ./scripts/drills -markdown FILE  the table as Markdown, too
//	go run ./scripts/drills -log DIR kill9  each history as a file of JSON lines, one event a line
//	go run ./scripts/drills check FILE      decide such a file again
//	go run ./scripts/drills list            what there is
//
// It exits 1 where a promise was broken or a figure missed, 2 where a drill could not be run. Drills marked "root"
// mount file systems or make networks. They do it in namespaces that end with this program, however that ends, so
// that nothing is left behind. Everything listens on loopback, on free ports, with data in a temporary folder.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"verbatim/promises"
)

// all are the drills, in the order in which `all` runs them.
var all = []drill{
	kill9, restart, powerCut, fsyncFail, diskFull, dataDir, redisFaults, networkLoss, slow, stalled, reconnect, fdLimit,
	strangers, proxies,
}

// onDemand run only by name.
var onDemand = []drill{soak}

func main() {
	o := options{}
	flag.BoolVar(&o.short, "short", false,
		"the short form: seconds instead of minutes, and figures are printed but not judged")
	flag.IntVar(&o.cycles, "cycles", 200, "how often kill9 kills and powercut cuts (half of it), in the long form")
	flag.DurationVar(&o.duration, "duration", time.Hour, "how long the soak lasts")
	flag.StringVar(&o.binary, "binary", "",
		"the verbatim to test; without it, it is built from the folder that this runs in")
	flag.StringVar(&o.fault, "fault", "", "of the redis drill's faults, those alone whose name has this `text`")
	flag.StringVar(&o.markdown, "markdown", "", "a `file` for the table as Markdown, beside the one that is printed")
	flag.StringVar(&o.log, "log", "", "a `folder` for the histories")
	flag.Usage = usage
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := command(ctx, o, flag.Args(), os.Stdout)
	stop()
	os.Exit(code)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go run ./scripts/drills [flags] [NAME…|all|list|check FILE]")
	flag.PrintDefaults()
	list(os.Stderr)
}

func list(w io.Writer) {
	for _, d := range append(append([]drill{}, all...), onDemand...) {
		root := ""
		if d.root {
			root = " (root)"
		}
		fmt.Fprintf(w, "  %-12s %s%s\n", d.name, d.about, root)
	}
}

func command(ctx context.Context, o options, names []string, out io.Writer) (code int) {
	if len(names) == 2 && names[0] == "check" {
		return decide(names[1], out)
	}
	if len(names) == 1 && names[0] == "list" {
		list(out)
		return 0
	}
	chosen, err := choose(names)
	if o.short && len(chosen) > 1 { // by itself it was asked for
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(d drill) bool { return d.longOnly })
	}
	if err == nil {
		err = o.prepare(ctx)
		defer o.clean()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "drills:", err)
		return 2
	}
	return runAll(ctx, o, chosen, out)
}

func choose(names []string) (chosen []drill, err error) {
	for _, name := range names {
		found := false
		for _, d := range append(append([]drill{}, all...), onDemand...) {
			if d.name == name {
				chosen, found = append(chosen, d), true
			}
		}
		if name == "all" {
			chosen, found = append(chosen, all...), true
		}
		if !found {
			return nil, fmt.Errorf("there is no drill %q: `list` says what there is", name)
		}
	}
	if len(names) == 0 {
		chosen = all
	}
	return chosen, nil
}

// decide is `check FILE`: a history that was written down is decided again.
func decide(file string, out io.Writer) int {
	f, err := os.Open(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "drills:", err)
		return 2
	}
	defer f.Close()
	c, err := promises.Replay(f, promises.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, "drills:", err)
		return 2
	}
	fmt.Fprintf(out, "%+v\n", c.Counts())
	for _, v := range c.Violations() {
		fmt.Fprintln(out, v)
	}
	if c.Broken() {
		return 1
	}
	return 0
}
