package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dialer makes an HTTP client whose connections go through dial; none is kept, so that each session is one of them.
func dialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}, Timeout: 0}
}

// smallBuffer dials with so little room for what comes (bytes, at most) that a client that does not read is felt by
// the server.
func smallBuffer(bytes int) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
		})
		if failed != nil {
			return failed
		}
		return err
	}}
	return d.DialContext
}

// slowConn is a connection that takes at most so many bytes a second, a piece each time, and gives the same way.
type slowConn struct {
	net.Conn
	reads, writes int // bytes a second; 0: as fast as it goes
	fast          func() bool
}

func (c *slowConn) Read(p []byte) (int, error) {
	if c.reads == 0 || c.fast() {
		return c.Conn.Read(p)
	}
	const pieces = 4 // a second
	piece := max(1, c.reads/pieces)
	time.Sleep(time.Duration(piece) * time.Second / time.Duration(c.reads)) // it is slowness itself that is drilled
	return c.Conn.Read(p[:min(len(p), piece)])
}

func (c *slowConn) Write(p []byte) (n int, err error) {
	if c.writes == 0 || c.fast() {
		return c.Conn.Write(p)
	}
	for n < len(p) && err == nil && !c.fast() {
		time.Sleep(time.Second / time.Duration(c.writes))
		_, err = c.Conn.Write(p[n : n+1])
		n++
	}
	if err == nil && n < len(p) {
		var rest int
		rest, err = c.Conn.Write(p[n:])
		n += rest
	}
	return n, err
}

// inNetwork runs something in another network namespace: a socket belongs to where it was made.
func inNetwork(pid int, do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer own.Close()
	other, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer other.Close()
	if err := unix.Setns(int(other.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter a network: %w", err)
	}
	err = do()
	if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
		// Nothing could be trusted any more.
		panic(fmt.Sprintf("a thread cannot leave the network of process %d: %v", pid, back))
	}
	return err
}
