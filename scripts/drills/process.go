package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a part that was started; it is ended by its id, at the latest with its drill.
type process struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed once Wait has returned
	output *output
}

// start runs a program in a group of its own, so that what it starts ends with it, and it ends with this process,
// whatever ends that.
func (r *run) start(args ...string) (*process, error) {
	p := &process{cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{}), output: &output{}}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %v: %w", args, err)
	}
	go func() { // the process's; ends with it
		_ = p.cmd.Wait() // ProcessState has what it says
		close(p.ended)
	}()
	r.later(p.kill)
	return p, nil
}

// command runs a program to its end.
func (r *run) command(args ...string) error {
	if out, err := exec.CommandContext(r.ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// kill is kill -9 of the process and what it started, waited for.
func (p *process) kill() {
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL) // it may have ended
	<-p.ended
}

// signal sends a signal. The process may have ended: what waits for the effect finds out.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// exits waits for the process to end by itself and returns its exit code, or -1 if it does not end in time.
func (p *process) exits(within time.Duration) int {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		return -1
	}
}

// output keeps what a process wrote: all of a short one, the newest of a long one. Safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const outputKept = 256 << 10 // bytes

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if over := o.buf.Len() + len(b) - outputKept; over > 0 {
		o.buf.Next(over)
	}
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// lastLines returns the end of what was written.
func (o *output) lastLines() string {
	s := strings.TrimSpace(o.String())
	if len(s) > 1500 {
		s = "…" + s[len(s)-1500:]
	}
	return s
}

// linesWith returns the lines that have some text.
func (o *output) linesWith(text string) string {
	var found []string
	for line := range strings.Lines(o.String()) {
		if strings.Contains(line, text) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return strings.Join(found, " · ")
}
