package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"verbatim/testparts/ports"
)

// The servers, by their names in the report.
const (
	coder     = "coder"
	frames    = "frames"
	verbatim  = "verbatim"
	withRedis = "verbatim with Redis"
)

// server is a server that was started, with its Redis if it has one.
type server struct {
	addr      string
	took      time.Duration // from exec to "listening on"
	listening time.Time     // when that was said
	parts     []*process    // in the order of their start
}

const anyPort = "127.0.0.1:0"

func (s *server) pid() int { return s.parts[len(s.parts)-1].cmd.Process.Pid }

// start starts a server that listens there, and waits until it does. All sockets of a row have one address: the server
// takes it for a proxy's, for a stranger's address could not have so many.
func (b *bench) start(ctx context.Context, name, data, listen string) (*server, error) {
	s := &server{}
	if err := s.startParts(ctx, b, name, data, listen); err != nil {
		return nil, errors.Join(err, s.end((*process).stop))
	}
	return s, nil
}

func (s *server) startParts(ctx context.Context, b *bench, name, data, listen string) error {
	args := []string{b.program("verbatim"), "serve", "--listen", listen, "--data-dir", filepath.Join(data, "record"),
		"--send-rate", "0", "--trusted-proxy", "127.0.0.1"}
	switch name {
	case coder, frames:
		args = []string{b.program("baselines"), "-kind", name}
	case withRedis:
		url, err := s.startRedis(ctx, data)
		if err != nil {
			return err
		}
		args = append(args, "--redis", url)
	}

	began := time.Now()
	p, err := launch(ctx, data, args)
	if err != nil {
		return err
	}
	s.parts = append(s.parts, p)
	err = p.wait("it listens", func() bool {
		line, _, whole := strings.Cut(p.said(), "\n")
		s.addr = strings.TrimPrefix(line, "listening on http://")
		return whole
	})
	s.listening = time.Now()
	s.took = s.listening.Sub(began)
	return err
}

// startRedis starts a Redis that keeps nothing, on a port that was free a moment ago.
func (s *server) startRedis(ctx context.Context, folder string) (url string, err error) {
	addr, err := freePort()
	if err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(addr)
	p, err := launch(ctx, folder, []string{"redis-server", "--bind", "127.0.0.1", "--port", port,
		"--save", "", "--appendonly", "no", "--dir", folder})
	if err != nil {
		return "", err
	}
	s.parts = append(s.parts, p)
	return "redis://" + addr, p.wait("it answers", func() bool { return pong(addr) })
}

// freePort returns an address with a port that no other caller gets.
func freePort() (addr string, err error) {
	port, err := ports.Free()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}

// pong reports whether a Redis answers there.
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

// said returns how the server ended, if it did, and the last line of its log.
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

// end ends what was started, the latest first. by is stop or kill.
func (s *server) end(by func(*process) error) (err error) {
	for i := len(s.parts) - 1; i >= 0; i-- {
		err = errors.Join(err, by(s.parts[i]))
	}
	return err
}
