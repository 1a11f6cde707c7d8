package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// conn is one socket.
type conn struct {
	fd, number, room int
	upgraded, ready  bool
	joins            bool
	part             []byte // the beginning of a frame, or of the answer to the upgrade
	out              []byte // frames that are not written yet
	blocked, dirty   bool
	events           uint32 // what epoll watches for
	sent             int64  // messages
}

// dial connects, which on loopback is done at once, and asks for the upgrade.
func (g *generator) dial(room int, joins bool) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := unix.Connect(fd, g.server); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	// At this process's end the sockets are reset, and leave no port behind that waits.
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if err := unix.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	c := &conn{fd: fd, number: len(g.conns), room: room, joins: joins}
	g.conns = append(g.conns, c)
	for len(g.byFD) <= fd {
		g.byFD = append(g.byFD, nil)
	}
	g.byFD[fd] = c
	target := fmt.Sprintf("/ws?name=u%06d", c.number)
	if joins {
		target += "&join=" + g.conversation(room)
	}
	c.out = append(c.out, "GET "+target+" HTTP/1.1\r\nHost: "+g.addr+"\r\n"+
		"Connection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"...)
	g.write(c)
	return g.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN)
}

func (g *generator) conversation(room int) string { return g.prefix + strconv.Itoa(room) }

// say puts a text frame where flush finds it. The mask is all zeros: the server unmasks all the same, and this side
// need not.
func (g *generator) say(c *conn, object []byte) { g.sayFrame(c, 0x1, object) }

func (g *generator) sayFrame(c *conn, opcode byte, payload []byte) {
	c.out = append(c.out, 0x80|opcode)
	if n := len(payload); n < 126 {
		c.out = append(c.out, 0x80|byte(n))
	} else {
		c.out = binary.BigEndian.AppendUint16(append(c.out, 0x80|126), uint16(n))
	}
	c.out = append(append(c.out, 0, 0, 0, 0), payload...)
	if !c.dirty {
		c.dirty = true
		g.dirty = append(g.dirty, c)
	}
}

func (g *generator) write(c *conn) {
	if c.blocked || len(c.out) == 0 {
		return
	}
	n, err := unix.Write(c.fd, c.out)
	if err != nil && err != unix.EAGAIN {
		g.fail(fmt.Errorf("socket %d: write: %w", c.number, err))
		return
	}
	rest := copy(c.out, c.out[max(n, 0):])
	c.out = c.out[:rest]
	events := uint32(unix.EPOLLIN)
	if c.blocked = rest > 0; c.blocked {
		events |= unix.EPOLLOUT
	}
	if c.upgraded && events != c.events {
		c.events = events
		if err := g.watch(unix.EPOLL_CTL_MOD, c.fd, events); err != nil {
			g.fail(err)
		}
	}
}

var errClosed = errors.New("closed by the server")

// read takes what the socket has, in one call.
func (g *generator) read(c *conn) {
	kept := copy(g.buffer, c.part)
	n, err := unix.Read(c.fd, g.buffer[kept:])
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return
	case err != nil:
		g.fail(fmt.Errorf("socket %d: read: %w", c.number, err))
		return
	case n == 0:
		g.fail(fmt.Errorf("socket %d: %w", c.number, errClosed))
		return
	}
	g.tick()
	b := g.buffer[:kept+n]
	if !c.upgraded {
		if b, err = c.upgrade(b); err != nil {
			g.fail(fmt.Errorf("socket %d: %w", c.number, err))
			return
		}
	}
	if c.upgraded {
		b = g.frames(c, b)
	}
	c.part = append(c.part[:0], b...)
}

// upgrade takes the answer to the upgrade off the front of b, where it is whole.
func (c *conn) upgrade(b []byte) ([]byte, error) {
	answer, rest, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	if !whole {
		return b, nil
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 101")) {
		return nil, fmt.Errorf("refused: %.80q", answer)
	}
	c.upgraded, c.events = true, unix.EPOLLIN
	return rest, nil
}

// frames takes the whole frames off the front of b, and gives back what is left.
func (g *generator) frames(c *conn, b []byte) []byte {
	for len(b) >= 2 {
		size, head := int(b[1]), 2
		switch {
		case size == 126 && len(b) >= 4:
			size, head = int(binary.BigEndian.Uint16(b[2:])), 4
		case size == 127 && len(b) >= 10:
			size, head = int(binary.BigEndian.Uint64(b[2:])), 10
		case size >= 126:
			return b
		}
		if len(b)-head < size {
			if size > bufferSize/2 {
				g.fail(fmt.Errorf("socket %d: a frame of %d bytes", c.number, size))
			}
			return b
		}
		g.frameCame(c, b[0], b[head:head+size])
		b = b[head+size:]
	}
	return b
}
