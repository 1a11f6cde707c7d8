package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"verbatim/scripts/bench/figures"
)

// bench is the folder of binaries and data, and what runs on it.
type bench struct{ folder string }

// newBench builds the three programs. The folder is beside the code rather than in /tmp, which may be memory.
func newBench(ctx context.Context) (*bench, error) {
	if err := os.MkdirAll("bin", 0o755); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("bin", "bench-")
	if err != nil {
		return nil, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	b := &bench{folder: folder}
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err == nil && fs.Type == unix.TMPFS_MAGIC {
		b.clean()
		return nil, fmt.Errorf("%s is in memory (tmpfs): run this on a checkout that is on a disk, for fsync is in the figures", folder)
	}
	for name, of := range map[string]string{"verbatim": ".", "floors": "./scripts/bench/floors", "generate": "./scripts/bench/generate"} {
		say("building %s", name)
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(folder, name), of)
		if out, err := build.CombinedOutput(); err != nil {
			b.clean()
			return nil, fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return b, nil
}

func (b *bench) clean() { _ = os.RemoveAll(b.folder) }

// check refuses what cannot work before anything is measured.
func (b *bench) check(rows []*row) error {
	for _, r := range rows {
		if r.trial(withRedis) == nil {
			continue
		}
		if _, err := exec.LookPath("redis-server"); err != nil {
			return fmt.Errorf("the row %q needs redis-server, and it is not installed: apt-get install redis-server, or choose other rows with -rows", r.title)
		}
	}
	return nil
}

// measure is the rounds. A run that fails is noted, and the rest goes on.
func (b *bench) measure(ctx context.Context, rep *report) error {
	for round := 1; round <= rep.rounds; round++ {
		for _, r := range rep.rows {
			for _, one := range r.runs {
				began := time.Now()
				f, err := b.once(ctx, one)
				if ctx.Err() != nil {
					return errors.New("interrupted: all that was started has been stopped")
				}
				one.measured = append(one.measured, f)
				if err != nil {
					one.failures = append(one.failures, fmt.Sprintf("round %d: %v", round, err))
					say("round %d/%d  %s, %s: FAILED: %v", round, rep.rounds, r.title, one.name, err)
					continue
				}
				say("round %d/%d  %s, %s: %s (%.1f s)", round, rep.rounds, r.title, one.name, brief(r, f), time.Since(began).Seconds())
			}
		}
	}
	return nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// brief is a run in a few words: the figures of the row's bars.
func brief(r *row, f *figures.Figures) string {
	var words []string
	for _, bar := range r.bars {
		word := fmt.Sprintf("%s "+bar.figure.format+" %s", bar.figure.name, bar.figure.of(f), bar.figure.unit)
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if f.Lost != 0 {
		words = append(words, fmt.Sprintf("%d LOST", f.Lost))
	}
	return strings.Join(words, ", ")
}

// once starts a server on a fresh folder, drives it, and stops it.
func (b *bench) once(ctx context.Context, one *trial) (f *figures.Figures, err error) {
	data, err := os.MkdirTemp(b.folder, "data-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(data)
	if one.fill != nil {
		if _, err := b.drive(ctx, one.name, data, one.fill, (*server).stop); err != nil {
			return nil, fmt.Errorf("fill: %w", err)
		}
	}
	return b.drive(ctx, one.name, data, one.generate, (*server).kill)
}

// runLimit bounds one run of the generator; its own waits are shorter.
const runLimit = 5 * time.Minute

// drive runs one server and one generator, and ends the server: by stop where its data is still wanted, else by kill,
// for putting 10,000 conversations in order takes a server seconds.
func (b *bench) drive(ctx context.Context, name, data string, flags []string, end func(*server) error) (f *figures.Figures, err error) {
	s, err := b.start(ctx, name, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end(s)) }()
	limited, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	generate := exec.CommandContext(limited, filepath.Join(b.folder, "generate"), append([]string{"-addr", s.addr, "-pid", strconv.Itoa(s.pid())}, flags...)...)
	generate.Stdout, generate.Stderr = &stdout, &stderr
	if err := generate.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s%s", err, tail(stderr.Bytes()), s.said())
	}
	f = &figures.Figures{}
	if err := json.Unmarshal(stdout.Bytes(), f); err != nil {
		return nil, fmt.Errorf("the generator's figures: %w", err)
	}
	return f, nil
}

// tail is the last line of what a program said.
func tail(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}
