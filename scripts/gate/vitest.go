package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// vitest runs web tests. What happens comes from a reporter of ours (reporter.mjs), a JSON line an event.
type vitest struct {
	root     string // the folder with node_modules
	config   string // below it
	more     []string
	reporter string
	stories  bool
	timeout  time.Duration // for all of it; each test has a limit of its own
}

func (v vitest) run(ctx context.Context, which choice, w *watcher) *result {
	began := time.Now()
	r, err := v.events(ctx, which, w)
	if err != nil {
		r.faults = append(r.faults, w.fault(&fault{what: err.Error()}))
	}
	r.took = time.Since(began)
	return r
}

func (v vitest) events(ctx context.Context, which choice, w *watcher) (r *result, err error) {
	r = &result{}
	argv, err := v.argv(which)
	if err != nil {
		return r, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return r, err
	}
	defer read.Close()
	events := &webEvents{w: w, files: map[string][]*test{}, faults: map[string]*fault{}}
	done := make(chan struct{})
	go func() { // ours: it reads what the reporter writes, and ends when nobody can write any more
		defer close(done)
		lines := &lineWriter{line: events.line}
		_, _ = lines.ReadFrom(read)
	}()
	limited, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	var out bytes.Buffer
	cpu, err := child{dir: v.root, argv: argv, out: &out, more: write}.run(limited)
	write.Close()
	_ = read.SetReadDeadline(time.Now().Add(grace)) // a process that was left could hold the other end
	<-done
	if limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("it took longer than %v", v.timeout)
	}
	r = events.result(err, out.String())
	r.cpu = cpu
	return r, nil
}

func (v vitest) argv(which choice) ([]string, error) {
	path, err := filepath.Abs(v.reporter)
	if err != nil {
		return nil, err
	}
	argv := append([]string{"node", "node_modules/vitest/vitest.mjs", "run", "--reporter=" + path}, v.more...)
	if v.config != "" {
		argv = append(argv, "--config", v.config)
	}
	if which.file != "" {
		argv = append(argv, which.file)
	}
	switch {
	case which.name != "": // Vitest compares with the names of the describes and the test, one blank between
		argv = append(argv, "-t", "^"+strings.ReplaceAll(quoteJS(which.name), " > ", "(?: >)? ")+"$")
	case which.filter != "":
		argv = append(argv, "-t", which.filter)
	}
	return argv, nil
}

var jsSpecial = regexp.MustCompile(`[\\^$.*+?()\[\]{}|/]`)

func quoteJS(s string) string { return jsSpecial.ReplaceAllString(s, `\$0`) }

// webEvent is a line of the reporter.
type webEvent struct {
	Kind, File, Name string
	State            state
	Output           string
	MS               float64
	TimedOut         bool
}

// webEvents makes a result of the reporter's lines.
type webEvents struct {
	w      *watcher
	files  map[string][]*test
	faults map[string]*fault // of the files that have not ended
	done   result
	ended  bool
	broken error
}

func (e *webEvents) line(line []byte) {
	var v webEvent
	if err := json.Unmarshal(line, &v); err != nil {
		e.broken = fmt.Errorf("a line of the reporter: %w", err)
		return
	}
	switch v.Kind {
	case "test":
		e.w.ended.Add(1)
		t := &test{file: v.File, name: v.Name, state: v.State, took: ms(v.MS), output: v.Output}
		e.files[v.File] = append(e.files[v.File], t)
		e.done.tests = append(e.done.tests, t)
		if t.state == failed {
			e.w.failing(t)
		}
	case "fault":
		e.fault(v)
	case "file":
		f := e.faults[v.File]
		delete(e.faults, v.File)
		e.w.file(v.File, e.files[v.File], f, failures(e.files[v.File]), ms(v.MS))
	case "end":
		e.ended = true
	}
}

// fault gathers what was wrong with a file: several hooks may have failed.
func (e *webEvents) fault(v webEvent) {
	f := e.faults[v.File]
	if f == nil {
		f = &fault{file: v.File, what: "failed: " + v.Name, timedOut: true}
		e.done.faults = append(e.done.faults, f)
		if v.File != "" {
			e.faults[v.File] = f
		}
	}
	f.timedOut = f.timedOut && v.TimedOut
	f.output += v.Output + "\n"
	if v.File == "" {
		e.w.fault(f)
	}
}

// result is called once Vitest has ended, with its error and all that it wrote itself.
func (e *webEvents) result(err error, out string) *result {
	for _, f := range e.faults {
		e.w.fault(f)
	}
	wrong := e.done.count(failed)+len(e.done.faults) > 0
	switch {
	case e.broken != nil:
		err = e.broken
	case err == nil && !e.ended:
		err = errors.New("it ended before its tests did")
	case err == nil || wrong && e.ended:
		return &e.done
	}
	e.done.faults = append(e.done.faults, e.w.fault(&fault{what: "vitest: " + err.Error(), output: out}))
	return &e.done
}

func failures(tests []*test) (output string) {
	for _, t := range tests {
		if t.state == failed {
			output += "--- FAIL: " + t.name + "\n" + t.output + "\n"
		}
	}
	return output
}

func ms(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

func (v vitest) story(*test) bool { return v.stories }

func (v vitest) storyFile(file string) bool { return v.stories && file != "" }
