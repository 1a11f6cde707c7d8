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
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"verbatim/scripts/bench/figures"
)

// bench is the folder of binaries and data, and what is measured once for all rounds.
type bench struct {
	folder string
	peak   float64 // messages a second; 0: not measured yet
}

// newBench builds the programs. The folder is beside the code rather than in /tmp, which may be memory.
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
	for name, of := range map[string]string{"verbatim": ".", "baselines": "./scripts/bench/baselines", "generate": "./scripts/bench/generate", "storm": "./scripts/bench/storm"} {
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

// empty frees what a folder's files take and leaves them there, until clean. ext4 does not use a removed file's inode again
// for up to five minutes, and goes past each of them for every file that is made: after ten thousand transcripts were
// removed, the next server's took ten times as long.
func empty(folder string) {
	_ = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			_ = os.Truncate(path, 0) // clean removes what stays
		}
		return nil
	})
}

func (b *bench) newFolder() (string, error) { return os.MkdirTemp(b.folder, "data-") }

// check refuses what cannot work before anything is measured.
func (b *bench) check(rows []*row) error {
	for _, r := range rows {
		if !r.redis {
			continue
		}
		if _, err := exec.LookPath("redis-server"); err != nil {
			return fmt.Errorf("the row %q needs redis-server, and it is not installed: apt-get install redis-server, or choose other rows with -rows", r.title)
		}
	}
	return nil
}

// fill puts something on the record of a folder: the generator's flags say what. The server is stopped then.
func (b *bench) fill(ctx context.Context, data, flags string) error {
	if _, err := b.drive(ctx, verbatim, data, strings.Fields(flags), (*process).stop); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	return nil
}

// drive runs one server and one generator, and ends the server: by stop where its data is still wanted, else by kill,
// for putting 10,000 conversations in order takes a server seconds.
func (b *bench) drive(ctx context.Context, name, data string, flags []string, end func(*process) error) (f *figures.Figures, err error) {
	s, err := b.start(ctx, name, data, anyPort)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end(end)) }()
	return b.generate(ctx, s, flags)
}

// runLimit bounds one run of the generator; its own waits are shorter.
const runLimit = 6 * time.Minute

// generate runs the generator on a server.
func (b *bench) generate(ctx context.Context, s *server, flags []string) (*figures.Figures, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	generate := exec.CommandContext(ctx, filepath.Join(b.folder, "generate"), append([]string{"-addr", s.addr, "-pid", strconv.Itoa(s.pid())}, flags...)...)
	generate.Stdout, generate.Stderr = &stdout, &stderr
	if err := generate.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s%s", err, tail(stderr.Bytes()), s.said())
	}
	f := &figures.Figures{}
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
