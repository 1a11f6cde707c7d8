package simulation

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// socket is a connection in memory. What the server writes waits for the driver; what the client writes arrives at
// once. The client has no goroutine: hear is called with what the server writes when it writes it, and got when the
// driver delivers it.
type socket struct {
	w    *world
	name string
	hear func([]byte)
	got  func([]byte)

	mu       sync.Mutex
	in       []byte        // from the client
	more     chan struct{} // closed, and replaced, when anything below has changed
	hungUp   bool          // by the client
	closed   chan struct{} // by the server
	gone     bool          // closed is closed
	deadline time.Time     // of reads
}

func newSocket(w *world, name string) *socket {
	return &socket{w: w, name: name, more: make(chan struct{}), closed: make(chan struct{})}
}

// change wakes a reader. mu is held.
func (s *socket) change() {
	close(s.more)
	s.more = make(chan struct{})
}

// say sends a text frame to the server, masked with zeros (RFC 6455, 5.3).
func (s *socket) say(text []byte) { s.frame(0x81, text) }

func (s *socket) frame(first byte, payload []byte) {
	head := []byte{first}
	switch n := len(payload); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0x80|127), uint64(n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = append(append(append(s.in, head...), 0, 0, 0, 0), payload...)
	s.change()
}

// hangUp ends the connection on the client's side.
func (s *socket) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hungUp = true
	s.change()
}

func (s *socket) Read(b []byte) (int, error) {
	for {
		s.mu.Lock()
		n, more, deadline := copy(b, s.in), s.more, s.deadline
		s.in = s.in[n:]
		hungUp, gone := s.hungUp, s.gone
		s.mu.Unlock()
		late := !deadline.IsZero() && !time.Now().Before(deadline)
		switch {
		case gone:
			return 0, net.ErrClosed
		case late:
			return 0, os.ErrDeadlineExceeded
		case n > 0:
			return n, nil
		case hungUp:
			return 0, io.EOF
		}
		var timeout <-chan time.Time
		if !deadline.IsZero() {
			timer := time.NewTimer(time.Until(deadline))
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-more:
		case <-timeout:
		}
	}
}

func (s *socket) Write(b []byte) (int, error) {
	s.mu.Lock()
	lost := s.gone || s.hungUp
	s.mu.Unlock()
	if lost {
		return 0, net.ErrClosed
	}
	b = slices.Clone(b)
	s.hear(b)
	err := error(net.ErrClosed)
	s.w.parkUnless(s.closed, "socket "+s.name, func(crashed bool) {
		if !crashed {
			err = nil
			s.got(b)
		}
	})
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.gone {
		s.gone = true
		close(s.closed)
		s.change()
	}
	return nil
}

func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	s.change()
	return nil
}

func (s *socket) SetDeadline(t time.Time) error      { return s.SetReadDeadline(t) }
func (s *socket) SetWriteDeadline(t time.Time) error { return nil } // waiting for the driver is not a slow client
func (s *socket) LocalAddr() net.Addr                { return &net.TCPAddr{} }
func (s *socket) RemoteAddr() net.Addr               { return &net.TCPAddr{} }

// request is the client's handshake.
func (s *socket) request() *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://world/ws", nil)
	if err != nil {
		panic(err) // its arguments are fixed
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		r.Header.Set(name, value)
	}
	return r
}

// answer is the ResponseWriter of the handshake. Nobody reads it: the client knows that it is accepted.
type answer struct {
	s      *socket
	header http.Header
}

func (a answer) Header() http.Header         { return a.header }
func (a answer) Write(b []byte) (int, error) { return len(b), nil }
func (a answer) WriteHeader(int)             {}

func (a answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return a.s, bufio.NewReadWriter(bufio.NewReader(a.s), bufio.NewWriter(io.Discard)), nil
}
