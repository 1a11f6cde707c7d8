package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a program that was started; it is stopped by its id.
type process struct {
	cmd      *exec.Cmd
	out, log string // the files of its stdout and stderr
	ended    chan struct{}
}

// launch starts a program. When ctx ends it is stopped as stop does it.
func launch(ctx context.Context, folder string, args []string) (*process, error) {
	name := filepath.Join(folder, filepath.Base(args[0]))
	p := &process{out: name + ".out", log: name + ".log", ended: make(chan struct{})}
	stdout, err1 := os.Create(p.out)
	stderr, err2 := os.Create(p.log)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	defer stdout.Close()
	defer stderr.Close()
	p.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopLimit
	p.cmd.Env = environment()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // stop waits for it; it waits for the process, and ends with it
		defer close(p.ended)
		_ = p.cmd.Wait() // ProcessState says how it ended
	}()
	return p, nil
}

// environment is this process's, without what would change the server's settings.
func environment() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "VERBATIM_") {
			env = append(env, v)
		}
	}
	return env
}

// startLimit is how long a server may take to start; with a record of a million entries it reads some of it first.
const startLimit = 30 * time.Second

// wait waits until done, for startLimit at most and only while the process runs.
func (p *process) wait(what string, done func() bool) error {
	for end := time.Now().Add(startLimit); !done(); time.Sleep(time.Millisecond) {
		select {
		case <-p.ended:
			said, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s ended before %s: %s", filepath.Base(p.cmd.Path), what, tail(said))
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: it took longer than %v until %s", filepath.Base(p.cmd.Path), startLimit, what)
		}
	}
	return nil
}

// stopLimit is how long a process may take to stop before it is killed: it may have 100,000 files to sync.
const stopLimit = 90 * time.Second

// stop sends SIGTERM and waits for the end.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended: then Wait has been called
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not stop within %v and was killed", filepath.Base(p.cmd.Path), stopLimit)
	}
}

// kill is kill -9, waited for.
func (p *process) kill() error {
	_ = p.cmd.Process.Kill() // it may have ended: then Wait has been called
	<-p.ended
	return nil
}

// said returns what it has printed.
func (p *process) said() string {
	b, _ := os.ReadFile(p.out) // it was created with the process
	return string(b)
}

// tail returns the last line of what a program said.
func tail(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}
