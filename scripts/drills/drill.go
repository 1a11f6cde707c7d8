package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/mattn/go-isatty"

	"verbatim/promises"
)

// drill is one fault, or one family of them.
type drill struct {
	name, about string
	root        bool
	longOnly    bool // it is about time that passes, so that there is no short form
	run         func(*run) error
}

// options are the command line's.
type options struct {
	short    bool
	cycles   int
	duration time.Duration
	binary   string
	log      string
	fault    string
	markdown string
	remove   func() // the folder of the binary that was built
	quiet    bool   // no progress: under a test
}

// missingPart names the first program that drills use and that is not on this machine.
func missingPart() error {
	programs := []string{"redis-server", "strace", "prlimit", "ss"}
	if os.Geteuid() == 0 { // who is not may have no path to them, and no use
		programs = append(programs, "unshare", "nsenter", "setpriv", "fallocate", "mkfs.ext4", "mount", "ip")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is missing: run scripts/setup.sh", program)
		}
	}
	return nil
}

// prepare builds the program where none was given.
func (o *options) prepare(ctx context.Context) (err error) {
	if err := missingPart(); err != nil {
		return err
	}
	if o.binary != "" {
		o.binary, err = filepath.Abs(o.binary) // a server may be started in another file system
		return err
	}
	dir, remove, err := temporary("program")
	if err != nil {
		return err
	}
	o.remove, o.binary = remove, filepath.Join(dir, "verbatim")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", o.binary, ".").CombinedOutput(); err != nil {
		o.clean()
		return fmt.Errorf("build: run this from the repository's root, or give -binary: %w\n%s", err, out)
	}
	return nil
}

func (o *options) clean() {
	if o.remove != nil {
		o.remove()
	}
}

// run is one drill under way. Its methods are its drill's goroutine's alone.
type run struct {
	options
	ctx      context.Context
	name     string
	dir      string
	checkers []*promises.Checker // one for each traffic
	undo     []func()            // in reverse, whatever happens
	counts   []string
	missed   []string // breaches that the checker does not see
	figures  []string // bounds that were not kept: they end no drill early
	began    time.Time
	terminal bool
}

// errBroken ends a drill early, because a promise is broken already.
var errBroken = errors.New("a promise is broken")

func (o options) do(ctx context.Context, d drill) (r *run, err error) {
	r = &run{options: o, ctx: ctx, name: d.name, began: time.Now()}
	r.terminal = !o.quiet && isatty.IsTerminal(os.Stderr.Fd())
	if d.root && os.Geteuid() != 0 {
		return r, errors.New("it needs root: sudo go run ./scripts/drills " + d.name)
	}
	dir, remove, err := temporary(d.name)
	if err != nil {
		return r, err
	}
	r.dir = dir
	r.later(remove)
	defer r.cleanUp()
	err = d.run(r)
	if r.terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if ctx.Err() != nil {
		return r, errors.New("interrupted; everything that it started has been undone")
	}
	return r, err
}

// later has undo done when the drill ends, the latest first.
func (r *run) later(undo func()) { r.undo = append(r.undo, undo) }

func (r *run) cleanUp() {
	for len(r.undo) > 0 {
		last := r.undo[len(r.undo)-1]
		r.undo = r.undo[:len(r.undo)-1]
		last()
	}
}

// count adds a figure to the drill's row.
func (r *run) count(format string, args ...any) {
	r.counts = append(r.counts, fmt.Sprintf(format, args...))
}

// miss notes a breach that the checker does not see.
func (r *run) miss(format string, args ...any) {
	r.missed = append(r.missed, fmt.Sprintf(format, args...))
}

// judge notes a figure, and in the long form holds it to its bound.
func (r *run) judge(holds bool, format string, args ...any) {
	r.count(format, args...)
	if !holds && !r.short {
		r.figures = append(r.figures, "not within its bound: "+fmt.Sprintf(format, args...))
	}
}

// say shows on a terminal how far the drill is.
func (r *run) say(format string, args ...any) {
	if r.terminal {
		what := fmt.Sprintf(format, args...)
		fmt.Fprintf(os.Stderr, "\r%s %3.0f s: %s\x1b[K", r.name, time.Since(r.began).Seconds(), what)
	}
}

// note writes a line that stays: what explains a breach, mostly. Safe for concurrent use.
func (r *run) note(format string, args ...any) {
	if !r.quiet {
		fmt.Fprintf(os.Stderr, r.name+": "+format+"\n", args...)
	}
}

// long returns n in the long form, else short.
func (r *run) long(n, short int) int {
	if r.short {
		return short
	}
	return n
}

// broken reports whether there is any reason to stop.
func (r *run) broken() bool {
	for _, c := range r.checkers {
		if c.Broken() {
			return true
		}
	}
	return len(r.missed) > 0
}

// wait looks every few milliseconds until something holds. It reports whether it does in time, and before the drill is
// interrupted.
func (r *run) wait(within time.Duration, holds func() bool) bool {
	for end := time.Now().Add(within); !holds(); {
		if time.Now().After(end) || r.ctx.Err() != nil {
			return false
		}
		r.pause(5 * time.Millisecond)
	}
	return true
}

// pause lets a time pass under load. It returns early if the drill is interrupted.
func (r *run) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.ctx.Done():
	}
}

// until waits for what must come. The error says what did not come in time.
func (r *run) until(what string, within time.Duration, holds func() bool) error {
	if !r.wait(within, holds) {
		return fmt.Errorf("it took longer than %v until %s", within, what)
	}
	return nil
}
