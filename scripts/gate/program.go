package main

import (
	"bytes"
	"context"
	"strings"
	"time"
)

// program is a check that is one program: it passes where that exits 0.
type program struct {
	argv    []string
	timeout time.Duration
}

func (p program) run(ctx context.Context, _ choice, w *watcher) *result {
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var out bytes.Buffer
	cpu, err := child{argv: p.argv, out: &out}.run(limited)
	t := &test{file: strings.Join(p.argv, " "), name: p.argv[len(p.argv)-1], state: passed, took: time.Since(began)}
	if err != nil {
		t.state, t.output = failed, out.String()+err.Error()+"\n"
	}
	w.file(t.file, []*test{t}, nil, t.output, t.took)
	return &result{tests: []*test{t}, took: t.took, cpu: cpu}
}

func (p program) story(*test) bool { return false }

func (p program) storyFile(string) bool { return false }
