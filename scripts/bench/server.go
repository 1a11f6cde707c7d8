package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a server that was started, with its Redis where it has one.
type server struct {
	addr  string
	parts []*process // in the order of their start
}

func (s *server) pid() int { return s.parts[len(s.parts)-1].cmd.Process.Pid }

// start starts a run's server, and waits until it listens.
func (b *bench) start(ctx context.Context, name, data string) (*server, error) {
	s := &server{}
	args := []string{filepath.Join(b.folder, "verbatim"), "serve", "--listen", "127.0.0.1:0", "--rate", "0", "--data", filepath.Join(data, "record")}
	switch name {
	case coder, frames:
		args = []string{filepath.Join(b.folder, "floors"), "-kind", name}
	case withRedis:
		url, err := s.startRedis(ctx, data)
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		args = append(args, "--redis", url)
	}
	p, err := launch(ctx, data, args)
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.parts = append(s.parts, p)
	err = p.wait("it listens", func() bool {
		out, _ := os.ReadFile(p.out)
		line, _, whole := strings.Cut(string(out), "\n")
		s.addr = strings.TrimPrefix(line, "listening on http://")
		return whole
	})
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// startRedis starts a Redis that keeps nothing, on a port that was free a moment ago.
func (s *server) startRedis(ctx context.Context, folder string) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(addr)
	p, err := launch(ctx, folder, []string{"redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", folder})
	if err != nil {
		return "", err
	}
	s.parts = append(s.parts, p)
	return "redis://" + addr, p.wait("it answers", func() bool { return pong(addr) })
}

func pong(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	answer := make([]byte, 5)
	_, err1 := c.Write([]byte("PING\r\n"))
	_, err2 := c.Read(answer)
	return err1 == nil && err2 == nil && string(answer) == "+PONG"
}

// said is how the server ended, if it did, and the last line of its log.
func (s *server) said() string {
	p := s.parts[len(s.parts)-1]
	time.Sleep(100 * time.Millisecond) // a server that breaks its connections is about to end
	how := ""
	select {
	case <-p.ended:
		how = fmt.Sprintf("; the server ended (%v)", p.cmd.ProcessState)
	default:
	}
	log, _ := os.ReadFile(p.log)
	if last := tail(log); last != "" {
		how += "; the server's last word: " + last
	}
	return how
}

// stop stops what was started, the latest first, and waits for it.
func (s *server) stop() (err error) {
	for i := len(s.parts) - 1; i >= 0; i-- {
		err = errors.Join(err, s.parts[i].stop())
	}
	return err
}

// kill ends at once what was started, and waits for it.
func (s *server) kill() error {
	for _, p := range s.parts {
		_ = p.cmd.Process.Kill() // it may have ended: then Wait has been called
		<-p.ended
	}
	return nil
}

// process is one process of ours; it is stopped by its id.
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
	go func() { defer close(p.ended); _ = p.cmd.Wait() }() // stop waits for it; ends with the process
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

func (p *process) wait(what string, done func() bool) error {
	for end := time.Now().Add(startLimit); !done(); time.Sleep(5 * time.Millisecond) {
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

// stopLimit is how long a process may take to stop before it is killed.
const stopLimit = 15 * time.Second

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
