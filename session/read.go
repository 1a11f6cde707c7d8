package session

import (
	"context"
	"errors"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

// frameBuffers hold a frame while it is read and handled. They grow to what frames need.
var frameBuffers = sync.Pool{New: func() any { b := make([]byte, 1024); return &b }}

// maxPooled is the largest buffer that goes back into a pool.
const maxPooled = 128 << 10

var errTooBig = errors.New("frame over the limit")

// read serves requests until it is time to close. It returns how to close, a code and a reason, or 0 if the client is
// gone or has closed; and why, for Run.
func (s *session) read() (protocol.CloseCode, string, error) {
	for {
		if s.ctx.Err() != nil {
			return s.farewell()
		}
		kind, r, err := s.conn.ws.Reader(context.Background())
		if err != nil {
			return s.readFailed(err)
		}
		if kind != websocket.MessageText {
			return protocol.CloseUnsupported, "text frames only: one JSON object in each", nil
		}
		buf := frameBuffers.Get().(*[]byte)
		frame, err := readAll(r, buf, s.env.Limits.Frame)
		switch {
		case errors.Is(err, errTooBig):
			return protocol.CloseTooBig, "a frame is over the limit: see limits.frame in welcome", nil
		case err != nil:
			return s.readFailed(err)
		case !utf8.Valid(frame):
			return protocol.CloseInvalidData, "a text frame is not valid UTF-8", nil
		}
		s.handle(frame)
		if cap(*buf) <= maxPooled {
			frameBuffers.Put(buf)
		}
		if s.tooManyBad() {
			return protocol.ClosePolicy, "more than 100 bad requests in a minute", nil
		}
		s.waitForRoom()
	}
}

// readFailed returns how to close after an error of the library or the network.
func (s *session) readFailed(err error) (protocol.CloseCode, string, error) {
	switch code := websocket.CloseStatus(err); {
	case code != -1: // the client closed; the library has made the answer
		s.theirs = protocol.CloseCode(code)
		s.said = err
		return 0, "", nil
	case s.ctx.Err() != nil:
		return s.farewell()
	case s.conn.wire.readErr != nil:
		select {
		case <-s.dead:
			return 0, "", s.failure
		default:
			return 0, "", s.conn.wire.readErr
		}
	default: // the library found a fault in the frames; most often it has made the close frame itself
		return protocol.CloseProtocol, "not a WebSocket frame that a client may send (RFC 6455)", err
	}
}

// readAll reads one message of at most limit bytes into the buffer, which it makes larger as needed.
func readAll(r io.Reader, buf *[]byte, limit int) ([]byte, error) {
	n := 0
	for {
		if n == len(*buf) {
			*buf = append(*buf, 0)
			*buf = (*buf)[:min(cap(*buf), limit+1)]
		}
		k, err := r.Read((*buf)[n:min(len(*buf), limit+1)])
		n += k
		switch {
		case n > limit:
			return nil, errTooBig
		case err == io.EOF:
			return (*buf)[:n], nil
		case err != nil:
			return nil, err
		}
	}
}
