package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// grace is how long a child has to end by itself, once it was told to.
const grace = 10 * time.Second

// child is a command in a process group of its own.
type child struct {
	dir  string
	argv []string
	env  []string  // beside ours
	out  io.Writer // both of its outputs
	more *os.File  // its descriptor 3, if not nil
}

// run ends with the command; what else is left of its group is killed then. Where ctx ends first, the whole group is
// interrupted, and killed after the grace.
func (c child) run(ctx context.Context) (cpu time.Duration, err error) {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, c.out, c.out
	cmd.Env = append(os.Environ(), c.env...)
	if c.more != nil {
		cmd.ExtraFiles = []*os.File{c.more}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = grace
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("%s: %w", c.argv[0], err)
	}
	err = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // mostly nobody is left
	if errors.Is(err, exec.ErrWaitDelay) {
		err = errors.New("it ended, and left processes that hold its output open: stop what a test starts")
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}

// busyLoops are processes that want a core each.
type busyLoops []*exec.Cmd

// startBusyLoops starts n of them. Each looks now and then whether the gate is still there, so that none outlives it.
func startBusyLoops(n int) (loops busyLoops, err error) {
	const loop = `while kill -0 "$1" 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done`
	for range n {
		cmd := exec.Command("sh", "-c", loop, "busy", strconv.Itoa(os.Getpid()))
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			loops.stop()
			return nil, fmt.Errorf("a busy loop: %w", err)
		}
		loops = append(loops, cmd)
	}
	return loops, nil
}

func (l busyLoops) stop() {
	for _, cmd := range l {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
