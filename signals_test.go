package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestSIGHUPEndsNothing(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	p := launch(t, nil, w)
	w.Close()
	log := bufio.NewScanner(r)
	for range 2 {
		p.signal(syscall.SIGHUP)
		says(t, log, "reload: there is nothing to read again")
	}
	conn := p.hang()
	p.signal(syscall.SIGTERM)
	says(t, log, "draining")
	p.signal(syscall.SIGHUP) // the drain goes on
	if _, err := io.WriteString(conn, strings.Repeat(" ", hangs)); err != nil {
		t.Fatal(err)
	}
	p.exits(0)
}

func TestSIGHUPDuringTheStartEndsNothing(t *testing.T) {
	t.Parallel()
	redis, err := net.Listen("tcp", "127.0.0.1:0") // the start waits for its answer
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	_, stdout := pipe(t)
	r, w := pipe(t)
	p := launch(t, stdout, w, "--redis", "redis://"+redis.Addr().String())
	w.Close()
	conn, err := redis.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	redis.Close()
	conn.Close()
	log := bufio.NewScanner(r)
	says(t, log, "serving")
	says(t, log, "reload: ")
	p.get("/healthz")
}

func TestSIGUSR1AndSIGUSR2DoNothing(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, nil)
	p.signal(syscall.SIGUSR1)
	p.signal(syscall.SIGUSR2)
	p.get("/healthz")
	p.signal(syscall.SIGTERM)
	p.exits(0)
}

func TestSIGQUITSaysWhatEveryGoroutineDoes(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	p := launch(t, nil, w)
	w.Close()
	p.signal(syscall.SIGQUIT)
	says(t, bufio.NewScanner(r), "SIGQUIT: quit")
	_, _ = io.Copy(io.Discard, r) // it must be able to write all of it
	p.exits(2)
}

func TestUnderNohupSIGHUPReloadsToo(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	p := launchBy(t, `trap "" HUP; exec "$@"`, nil, w)
	w.Close()
	log := bufio.NewScanner(r)
	says(t, log, "serving")
	p.signal(syscall.SIGHUP)
	says(t, log, "reload: ")
	p.signal(syscall.SIGTERM)
	p.exits(0)
}
