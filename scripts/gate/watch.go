package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// printer writes whole lines of several suites. Safe for concurrent use.
type printer struct {
	mu sync.Mutex
	w  io.Writer
}

func (p *printer) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, format, args...)
}

// watcher shows what happens in a suite as it happens.
type watcher struct {
	suite string
	out   *printer
	ended atomic.Int64 // tests, with those that have subtests
}

// alive tells once a minute how far the suite is: a package is silent until its last test has ended. It ends with ctx.
func (w *watcher) alive(ctx context.Context) {
	for tick := time.NewTicker(time.Minute); ; {
		select {
		case <-tick.C:
			w.out.printf(".... %-11s %d tests have ended\n", w.suite, w.ended.Load())
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// failing is told of a failure at once; what the test wrote comes with its file.
func (w *watcher) failing(t *test) {
	w.out.printf("FAIL %-11s %s %s (%s)\n", w.suite, t.file, t.name, seconds(t.took))
}

// file is told that all tests of a package or file have ended, and what those that failed have written.
func (w *watcher) file(file string, tests []*test, f *fault, failures string, took time.Duration) {
	r := result{tests: tests}
	ran := r.count(passed) + r.count(failed)
	if r.count(failed) == 0 && f == nil {
		if ran > 0 {
			w.out.printf("ok   %-11s %s (%d in %s)\n", w.suite, file, ran, seconds(took))
		}
		return
	}
	w.out.printf("FAIL %-11s %s (%d of %d in %s)\n%s",
		w.suite, file, r.count(failed), ran, seconds(took), indent(failures))
	if f != nil {
		w.fault(f)
	}
}

// fault shows what was wrong with a file or a suite, and returns it.
func (w *watcher) fault(f *fault) *fault {
	w.out.printf("FAIL %-11s %s %s\n%s", w.suite, f.file, f.what, indent(f.output))
	return f
}

func indent(text string) string {
	if text = strings.TrimRight(text, "\n"); text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// lineWriter hands what is written to it on, line by line.
type lineWriter struct {
	line func([]byte)
	rest []byte
}

func (l *lineWriter) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		l.line(line)
		l.rest = rest
	}
}

// ReadFrom reads until the end, or the first error.
func (l *lineWriter) ReadFrom(r io.Reader) (n int64, err error) {
	n, err = io.Copy(struct{ io.Writer }{l}, r)
	l.flush()
	return n, err
}

// flush hands on a last line that has no end.
func (l *lineWriter) flush() {
	if len(l.rest) > 0 {
		l.line(l.rest)
	}
	l.rest = nil
}
