package e2e

import (
	"bufio"
	wire "encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw is a connection that speaks frames by hand (RFC 6455, 5.2), so that it may send what no library lets through.
type raw struct {
	t  testing.TB
	c  net.Conn
	in *bufio.Reader
}

// dialRaw completes the upgrade, with further header lines, and reads the welcome.
func (s *server) dialRaw(t testing.TB, headers ...string) *raw {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	r := &raw{t, c, bufio.NewReader(c)}
	_ = c.SetDeadline(time.Now().Add(patience))
	r.write("GET /ws?name=mallory HTTP/1.1\r\nHost: " + s.addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		strings.Join(append(headers, "\r\n"), "\r\n"))
	answer, err := http.ReadResponse(r.in, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v", answer, err)
	}
	if extensions := answer.Header.Get("Sec-WebSocket-Extensions"); extensions != "" {
		t.Errorf("the server takes on %q", extensions)
	}
	if f, err := r.object(); err != nil || f.Type != "welcome" {
		t.Fatalf("welcome: %v, %v", f, err)
	}
	return r
}

func (r *raw) write(bytes string) {
	r.t.Helper()
	if _, err := io.WriteString(r.c, bytes); err != nil {
		r.t.Fatal(err)
	}
}

// framed makes a frame: first is its first byte, FIN, reserved bits and opcode together; mask is the mask bit.
func framed(first byte, mask bool, payload string) string {
	head := []byte{first}
	bit := byte(0)
	if mask {
		bit = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		head = append(head, bit|byte(n))
	case n < 1<<16:
		head = wire.BigEndian.AppendUint16(append(head, bit|126), uint16(n))
	default:
		head = wire.BigEndian.AppendUint64(append(head, bit|127), uint64(n))
	}
	if mask {
		head = append(head, 0, 0, 0, 0) // a mask of zeros changes nothing
	}
	return string(head) + payload
}

// read reads one frame.
func (r *raw) read() (opcode byte, payload []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(r.in, head[:2]); err != nil {
		return 0, nil, err
	}
	n, more := uint64(head[1]), 0
	switch head[1] {
	case 126:
		more = 2
	case 127:
		more = 8
	}
	if _, err := io.ReadFull(r.in, head[2:2+more]); err != nil {
		return 0, nil, err
	}
	switch more {
	case 2:
		n = uint64(wire.BigEndian.Uint16(head[2:]))
	case 8:
		n = wire.BigEndian.Uint64(head[2:])
	}
	if n > 1<<20 {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r.in, payload)
	return head[0], payload, err
}

// object reads the next text frame.
func (r *raw) object() (f frame, err error) {
	for {
		first, payload, err := r.read()
		if err != nil {
			return f, err
		}
		if first == 0x81 {
			f.Raw = string(payload)
			return f, json.Unmarshal(payload, &f)
		}
	}
}

// closed reads until the server has closed, and returns the code of its close frame; 0: there was none.
func (r *raw) closed() (code int) {
	r.t.Helper()
	for {
		first, payload, err := r.read()
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			r.t.Fatalf("the connection is not closed after %v", patience)
		case err != nil:
			return code
		case first == 0x88 && len(payload) >= 2:
			code = int(wire.BigEndian.Uint16(payload))
		}
	}
}
