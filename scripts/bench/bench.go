package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// bench is the folder of programs and data, and what is measured once for all rounds.
type bench struct {
	folder string
	peak   float64 // messages a second; 0: not measured yet
}

// programs are what newBench builds: the name in bench's folder, and the package.
var programs = map[string]string{
	"verbatim":  ".",
	"baselines": "./scripts/bench/baselines",
	"generate":  "./scripts/bench/generate",
	"storm":     "./scripts/bench/storm",
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
	if err := b.build(ctx); err != nil {
		b.clean()
		return nil, err
	}
	return b, nil
}

func (b *bench) build(ctx context.Context) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(b.folder, &fs); err == nil && fs.Type == unix.TMPFS_MAGIC {
		return fmt.Errorf("%s is in memory (tmpfs): run this on a checkout that is on a disk, "+
			"for fsync is in the figures", b.folder)
	}
	for name, of := range programs {
		say("building %s", name)
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.program(name), of)
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// program is the path of one of the programs.
func (b *bench) program(name string) string { return filepath.Join(b.folder, name) }

func (b *bench) newFolder() (string, error) { return os.MkdirTemp(b.folder, "data-") }

func (b *bench) clean() { _ = os.RemoveAll(b.folder) }

// empty frees what a folder's files take and leaves them there, until clean. ext4 does not use a removed file's inode
// again for up to five minutes, and goes past each of them for every file that is made: after ten thousand transcripts
// were removed, the next server's took ten times as long.
func empty(folder string) {
	_ = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			_ = os.Truncate(path, 0) // clean removes what stays
		}
		return nil
	})
}

// say writes a line of progress.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
