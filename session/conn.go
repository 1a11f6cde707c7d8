package session

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

const (
	// libraryBuffer is the least that bufio makes: the wire does the buffering, and only while there is something.
	libraryBuffer = 16
	// discardFor bounds how long a closed connection is read on, so that the last frames reach a client that is still
	// sending: closing with unread bytes would reset the connection.
	discardFor = 5 * time.Second
)

// Conn is an accepted WebSocket connection: the library upgrades, reads, unmasks and checks frames, and this package
// writes. Ready frames go past the library in one call; the control frames that the library would write itself (pongs,
// closes) are handed to the session, so that they go out in order with everything else and wait for nobody.
type Conn struct {
	From, Via string // who is at the other end, and the proxy that speaks for them: for what is told of the session

	ws   *websocket.Conn
	wire *wire
}

// Upgrade completes the WebSocket handshake, or answers why not. It checks neither origin nor host.
func Upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	h := &hijacker{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the server has checked the origin, by rules of its own
		Subprotocols:       []string{protocol.Subprotocol},
		CompressionMode:    websocket.CompressionDisabled, // frames are made once, for all
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1) // the session's own limit closes after the replies that are due
	return &Conn{ws: ws, wire: h.wire}, nil
}

// hijacker hands the library our wire, and buffers of a size that ten thousand idle connections can have.
type hijacker struct {
	http.ResponseWriter
	wire *wire
}

// WriteHeader says the subprotocol as the contract has it: the library repeats how the client wrote it.
func (h *hijacker) WriteHeader(status int) {
	const name = "Sec-WebSocket-Protocol"
	if h.Header().Get(name) != "" {
		h.Header().Set(name, protocol.Subprotocol)
	}
	h.ResponseWriter.WriteHeader(status)
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.wire = newWire(c)
	// The library writes the handshake's answer through the ResponseWriter; net/http's writer may still hold it.
	if err := rw.Writer.Flush(); err != nil {
		_ = c.Close() // nobody else has it
		return nil, nil, err
	}
	rw.Writer = bufio.NewWriterSize(h.wire, libraryBuffer)
	if rw.Reader.Buffered() == 0 {
		rw.Reader = bufio.NewReaderSize(h.wire, libraryBuffer)
	}
	return h.wire, rw, nil
}

// Refuse sends a ready frame (nil: none) and closes with the code and reason. It takes up to 5 s, while the client
// closes its side.
func (c *Conn) Refuse(reply []byte, code protocol.CloseCode, reason string) {
	until := time.Now().Add(discardFor)
	if err := c.wire.send(append(reply[:len(reply):len(reply)], closeFrame(code, reason)...), discardFor); err == nil {
		c.wire.linger(until)
	}
	_ = c.wire.Conn.Close()
	_ = c.ws.CloseNow() // lets go of the library's part; the wire is closed
}

// closeFrame makes an unmasked close frame (RFC 6455, 5.5.1); a reason beyond 123 bytes is cut between two letters.
func closeFrame(code protocol.CloseCode, reason string) []byte {
	reason = strings.ToValidUTF8(reason[:min(len(reason), 123)], "")
	return append([]byte{0x88, byte(2 + len(reason)), byte(code >> 8), byte(code)}, reason...)
}
