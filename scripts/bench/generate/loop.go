package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// generator is the one thread and its sockets. A work sets hear, and turns the loop.
type generator struct {
	*options
	server      unix.Sockaddr
	epoll       int
	timer       int
	armed       int64
	buffer      []byte // for one read; beside the sockets' own only for what is left of a frame
	events      []unix.EpollEvent
	start       time.Time
	now         int64 // ns since start, as of the latest read
	err         error // the first that went wrong
	conns       []*conn
	byFD        []*conn
	dirty       []*conn                              // they have something to write
	ready       int                                  // sockets that are welcome, and have joined where they were to
	hear        func(c *conn, k kind, object []byte) // nil: nothing is of interest
	due         func() int64                         // sends what is due, and says when it wants to be called again
	text, frame []byte
}

const bufferSize = 1 << 20 // bytes; no frame of the server is over 512 kB

func newGenerator(o *options) (*generator, error) {
	addr, err := netip.ParseAddrPort(o.addr)
	if err != nil || !addr.Addr().Is4() {
		return nil, fmt.Errorf("-addr %q: give an IPv4 address and a port", o.addr)
	}
	g := &generator{
		options: o, server: &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()},
		buffer: make([]byte, bufferSize), events: make([]unix.EpollEvent, 512), start: time.Now(),
	}
	if g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if g.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return g, g.watch(unix.EPOLL_CTL_ADD, g.timer, unix.EPOLLIN)
}

func (g *generator) watch(op, fd int, events uint32) error {
	if err := unix.EpollCtl(g.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

func (g *generator) tick() { g.now = int64(time.Since(g.start)) }

func (g *generator) fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

var errTime = errors.New("it took too long")

// until turns the loop until done says so, or something is wrong.
func (g *generator) until(limit time.Duration, what string, done func() bool) error {
	g.tick()
	end := g.now + int64(limit)
	for !done() {
		if g.now >= end {
			return fmt.Errorf("%s, within %v: %w", what, limit, errTime)
		}
		if err := g.turn(end); err != nil {
			return err
		}
	}
	return g.err
}

// during turns the loop for a time.
func (g *generator) during(d time.Duration) error {
	g.tick()
	for end := g.now + int64(d); g.now < end; {
		if err := g.turn(end); err != nil {
			return err
		}
	}
	return nil
}

// turn does what is due, waits for the sockets, though not beyond end, and takes what they have.
func (g *generator) turn(end int64) error {
	if g.due != nil {
		end = min(end, g.due())
	}
	g.flush()
	if end != g.armed { // epoll's own timeout counts whole milliseconds
		wait := max(end-int64(time.Since(g.start)), 1)
		if err := unix.TimerfdSettime(g.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(wait)}, nil); err != nil {
			return fmt.Errorf("timerfd: %w", err)
		}
		g.armed = end
	}
	n, err := unix.EpollWait(g.epoll, g.events, -1)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("epoll: %w", err)
	}
	for _, e := range g.events[:max(n, 0)] {
		if int(e.Fd) == g.timer {
			continue // it stays ready until it is armed anew, which is before the next wait
		}
		c := g.byFD[e.Fd]
		if e.Events&unix.EPOLLOUT != 0 {
			c.blocked = false
			g.write(c)
		}
		if e.Events&^unix.EPOLLOUT != 0 {
			g.read(c)
		}
		g.flush()
	}
	g.tick()
	return g.err
}

// flush writes what was said, in one call for each socket.
func (g *generator) flush() {
	for _, c := range g.dirty {
		c.dirty = false
		g.write(c)
	}
	g.dirty = g.dirty[:0]
}
