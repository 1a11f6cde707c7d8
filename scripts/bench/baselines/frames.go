package main

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// frames writes past the library: frames are ready when they come, and all that has gathered goes out in one call.
type frames struct {
	socket *socket
	bell   chan struct{} // capacity 1: one ring is enough, busy says that one is on its way
	over   chan struct{}

	mu   sync.Mutex // guards what follows
	held []byte
	busy bool
}

// prepare makes an unmasked text frame, RFC 6455, 5.2.
func (*frames) prepare(payload []byte) []byte {
	b := append(make([]byte, 0, len(payload)+10), 0x81)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func (m *frames) put(frame []byte) {
	m.mu.Lock()
	if len(m.held) < waiting {
		m.held = append(m.held, frame...)
	}
	ring := !m.busy
	m.busy = true
	m.mu.Unlock()
	if ring {
		m.bell <- struct{}{}
	}
}

func (m *frames) write() {
	var out []byte
	for {
		select {
		case <-m.bell:
		case <-m.over:
			return
		}
		for {
			m.mu.Lock()
			m.held, out = out[:0], m.held
			m.busy = len(out) > 0
			m.mu.Unlock()
			if len(out) == 0 {
				break
			}
			if _, err := m.socket.Write(out); err != nil {
				return // busy stays: nobody rings any more
			}
		}
	}
}

func serveFrames(w http.ResponseWriter, r *http.Request) {
	h := &hijacker{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, nil)
	if err != nil {
		return // Accept has answered
	}
	m := &frames{socket: h.socket, bell: make(chan struct{}, 1), over: make(chan struct{})}
	written := make(chan struct{})
	go func() { defer close(written); m.write() }() // the handler's; ends with over, or with the connection
	(&session{member: m}).run(ws, r)
	close(m.over)
	_ = ws.CloseNow()
	<-written
}

// socket is the connection that the library and the writer share: each call writes whole frames, and none stands
// within another.
type socket struct {
	net.Conn
	mu sync.Mutex
}

func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Conn.Write(p)
}

// hijacker gives the library a socket in place of the connection.
type hijacker struct {
	http.ResponseWriter
	socket *socket
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.socket = &socket{Conn: conn}
	control := bufio.NewWriterSize(h.socket, 256) // only control frames pass it
	return h.socket, bufio.NewReadWriter(buffers.Reader, control), nil
}
