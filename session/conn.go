package session

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sys/unix"

	"verbatim/protocol"
)

const (
	// readBuffer is what an idle connection keeps for reading; longer frames go straight into a pooled buffer.
	readBuffer = 512
	// controlBuffer holds the longest control frame that the library writes (2 + 125 bytes) whole.
	controlBuffer = 256
	// discardFor bounds how long a closed connection is read on, so that the last frames reach a client that is still
	// sending: closing with unread bytes would reset the connection.
	discardFor = 5 * time.Second
)

// Conn is an accepted WebSocket connection: the library upgrades, reads, unmasks and checks frames, and this package
// writes. Ready frames go past the library in one call; the control frames that the library would write itself (pongs,
// closes) are handed to the session, so that they stand in order with everything else and wait for nobody.
type Conn struct {
	ws   *websocket.Conn
	wire *wire
}

// wire is the connection as the library sees it.
type wire struct {
	net.Conn
	control func(frame []byte) // who takes the library's control frames; nil: they are dropped
	heard   atomic.Int64       // when bytes came last, in nanoseconds since start
	readErr error              // why reading ended; owned by the reader
	acked   uint64             // tcp bytes that the peer had acknowledged at the last look; owned by the keep-alive

	deadlineAt time.Time // what the write deadline was set at; owned by the writer
}

var start = time.Now() // heard counts from here, by the monotonic clock

func sinceStart() int64 { return int64(time.Since(start)) }

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err != nil {
		w.readErr = err
	}
	w.heard.Store(sinceStart())
	return n, err
}

// Write takes a control frame from the library.
func (w *wire) Write(p []byte) (int, error) {
	if w.control != nil {
		w.control(p)
	}
	return len(p), nil
}

// Close is the library's; the session closes the connection itself, when its last frames are out.
func (w *wire) Close() error { return nil }

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

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.wire = &wire{Conn: c}
	h.wire.heard.Store(sinceStart())
	// The library writes the handshake's answer through the ResponseWriter; net/http's writer may still hold it.
	if err := rw.Writer.Flush(); err != nil {
		_ = c.Close() // nobody else has it
		return nil, nil, err
	}
	rw.Writer = bufio.NewWriterSize(h.wire, controlBuffer)
	if rw.Reader.Buffered() == 0 {
		rw.Reader = bufio.NewReaderSize(h.wire, readBuffer)
	}
	return h.wire, rw, nil
}

// errStalled ends a connection whose TCP took nothing at all for the write timeout (protocol.md, promise 6).
var errStalled = errors.New("the client's TCP took nothing for the write timeout")

// send writes frames in one call where the socket takes them. A reader that takes anything within the timeout lives:
// then the rest is written on from there. Only the session's writer calls it.
func (w *wire) send(frames []byte, timeout time.Duration) error {
	for len(frames) > 0 {
		// Setting a deadline costs a tenth of a short write, so it is set a second late and at most once a second.
		if now := time.Now(); now.Sub(w.deadlineAt) > time.Second {
			w.deadlineAt = now
			if err := w.SetWriteDeadline(now.Add(timeout + time.Second)); err != nil {
				return err
			}
		}
		n, err := w.Conn.Write(frames)
		frames = frames[n:]
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && n > 0:
			w.deadlineAt = time.Time{}
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errStalled
		default:
			return err
		}
	}
	return nil
}

// takes says whether the peer's TCP has taken bytes since the last look and more are on their way: a slow reader that
// has not come to our ping yet, not a dead one. It is false where the system cannot tell.
func (w *wire) takes() bool {
	tcp, ok := w.Conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	var progress bool
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		progress = info.Bytes_acked > w.acked && info.Notsent_bytes+info.Unacked > 0
		w.acked = info.Bytes_acked
	})
	return progress
}

// linger ends a connection whose last frame is out: it says that nothing more comes, lets the client read it all, and
// closes when the client has closed too, or at the deadline.
func (w *wire) linger(until time.Time) {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // an error here means that the connection is gone already
	}
	_ = w.SetReadDeadline(until)
	var scrap [1024]byte
	for {
		if _, err := w.Conn.Read(scrap[:]); err != nil {
			break
		}
	}
	_ = w.Conn.Close()
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

// closeFrame makes an unmasked close frame (RFC 6455, 5.5.1); a reason beyond 123 bytes is cut.
func closeFrame(code protocol.CloseCode, reason string) []byte {
	reason = reason[:min(len(reason), 123)]
	return append([]byte{0x88, byte(2 + len(reason)), byte(code >> 8), byte(code)}, reason...)
}
