package e2e

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"verbatim/testparts/ports"
)

// patience bounds every wait for something that the contract promises soon. It is long because the machine
// may be busy with the rest of the suite; a test that passes does not spend it.
const patience = time.Minute

// process is a part that was started; it is ended by its id, at the latest with its test.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	ended  chan struct{} // closed once Wait has returned
	err    error         // of Wait; read after ended
	stdout io.ReadCloser // nil where output is only kept
	output *output       // stderr, and stdout where it is not read apart
}

// start runs a program. With pipe, its stdout can be read apart; the reader must read it to its end.
func start(t testing.TB, pipe bool, program string, args ...string) *process {
	t.Helper()
	return startCommand(t, pipe, exec.Command(program, args...))
}

func startCommand(t testing.TB, pipe bool, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, ended: make(chan struct{}), output: &output{}}
	// Its own group, so that what it starts can be ended with it; and it ends with this process, whatever ends that.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = p.output
	if pipe {
		r, w := io.Pipe()
		p.cmd.Stdout, p.stdout = w, r
	} else {
		p.cmd.Stdout = p.output
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", cmd, err)
	}
	go func() { // ends with the process
		p.err = p.cmd.Wait()
		if w, ok := p.cmd.Stdout.(*io.PipeWriter); ok {
			w.Close()
		}
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9 of the process and what it started, waited for.
func (p *process) kill() {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %v: %v", s, err)
	}
}

// exit waits for the process to end by itself and returns its exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("%s %v still runs after %v\n%s", p.cmd.Path, p.cmd.Args[1:], patience, p.output)
		return -1
	}
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
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

// lines are the non-empty lines.
func (o *output) lines() []string { return lines(o.String()) }

func lines(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
}

// freePort returns a port that no other test gets.
func freePort(t testing.TB) int {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for: %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond) // between two looks at a condition, never instead of one
	}
}
