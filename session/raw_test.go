package session

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
)

// rawClient speaks frames by hand, so that it may leave out what a library does unasked.
type rawClient struct {
	r    *testServer
	conn net.Conn
	in   *bufio.Reader
}

func (r *testServer) dialRaw(name string, query ...string) *rawClient {
	r.t.Helper()
	here, there := net.Pipe()
	r.listener.(*pipes).ends <- there
	r.t.Cleanup(func() { _ = here.Close() })
	go func() {
		_, _ = io.WriteString(here, "GET /ws?name="+name+strings.Join(query, "")+" HTTP/1.1\r\n"+
			"Host: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	}()
	c := &rawClient{r: r, conn: here, in: bufio.NewReader(here)}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("handshake: %v %v", resp, err)
	}
	c.frame() // welcome
	return c
}

// frame reads one frame of the server and gives its opcode.
func (c *rawClient) frame() (byte, error) {
	opcode, _, err := c.read()
	return opcode, err
}

// text reads one frame and gives what stands in it.
func (c *rawClient) text() (string, error) {
	_, payload, err := c.read()
	return string(payload), err
}

func (c *rawClient) read() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(head[1])
	if n == 126 {
		var long [2]byte
		if _, err := io.ReadFull(c.in, long[:]); err != nil {
			return 0, nil, err
		}
		n = int(long[0])<<8 | int(long[1])
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(c.in, payload)
	return head[0] & 0xf, payload, err
}

func (c *rawClient) readUntilClosed(each func(opcode byte)) {
	for {
		opcode, err := c.frame()
		if err != nil {
			return
		}
		each(opcode)
	}
}

// write sends a short text frame, masked with zeros.
func (c *rawClient) write(text string) {
	frame := append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
	if _, err := c.conn.Write(frame); err != nil {
		c.r.t.Fatal(err)
	}
}
