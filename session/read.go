package session

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

// frameBuffers hold a frame while it is read and handled. They grow to what frames need.
var frameBuffers = sync.Pool{New: func() any { b := make([]byte, 1024); return &b }}

// maxPooled is the largest buffer that goes back into a pool.
const maxPooled = 128 << 10

var errTooBig = errors.New("frame over the limit")

// read serves requests until it is time to close, and says how: a code and a reason, or 0 where the client is gone or
// has closed.
func (s *Session) read() (protocol.CloseCode, string, error) {
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
		if len(s.bad) > maxBad {
			return protocol.ClosePolicy, "more than 100 bad requests in a minute", nil
		}
		s.waitForRoom()
	}
}

// readFailed says how to close after an error of the library or the network.
func (s *Session) readFailed(err error) (protocol.CloseCode, string, error) {
	switch code := websocket.CloseStatus(err); {
	case code != -1: // the client closed; the library has made the answer
		s.theirs, s.said = protocol.CloseCode(code), err
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

// readAll reads one message into the buffer, which it makes larger as needed.
func readAll(r io.Reader, buf *[]byte, most int) ([]byte, error) {
	n := 0
	for {
		if n == len(*buf) {
			*buf = append(*buf, 0)
			*buf = (*buf)[:min(cap(*buf), most+1)]
		}
		k, err := r.Read((*buf)[n:min(len(*buf), most+1)])
		n += k
		switch {
		case n > most:
			return nil, errTooBig
		case err == io.EOF:
			return (*buf)[:n], nil
		case err != nil:
			return nil, err
		}
	}
}

// handle serves one request. This switch is the table of contents of what a client can ask.
func (s *Session) handle(frame []byte) {
	r, err := protocol.Decode(frame, s.env.Limits)
	if err != nil {
		s.refuse(&r, err)
		return
	}
	switch r.Type {
	case protocol.TypeSend:
		err = s.send(&r)
	case protocol.TypeJoin:
		err = s.join(&r)
	case protocol.TypeLeave:
		err = s.leave(&r)
	case protocol.TypeHistory:
		err = s.history(&r)
	case protocol.TypeTyping:
		err = s.typing(&r)
	case protocol.TypeRead:
		err = s.markRead(&r)
	case protocol.TypePing:
		reply(s, protocol.Pong{Ref: r.Ref})
	}
	if err != nil {
		s.refuse(&r, err)
	}
}

// refuse answers a request that failed, and counts it where it was the client's own fault.
func (s *Session) refuse(r *protocol.Request, err *protocol.Error) {
	switch err.Code {
	case protocol.CodeBadRequest, protocol.CodeUnknownType, protocol.CodeInvalidConversation, protocol.CodeTooLarge:
		s.env.Counters.BadRequests.Add(1)
		now := time.Now()
		s.bad = append(slices.DeleteFunc(s.bad, func(t time.Time) bool { return now.Sub(t) > time.Minute }), now)
	}
	s.tellRefusal(r.Conversation, err, s.cause)
	s.cause = nil
	reply(s, protocol.Failure{Ref: r.Ref, ID: r.ID, Conversation: r.Conversation, Err: err})
}

// unavailable is the one place where an error that is not the client's becomes one for it; refuse, which comes next, tells of
// it.
func (s *Session) unavailable(err error) *protocol.Error {
	if s.ctx.Err() != nil {
		return protocol.Unavailable("the server is draining: reconnect, and ask again", s.retry)
	}
	s.cause = err
	return protocol.Unavailable("the record cannot be reached at the moment: try again", time.Second)
}

// waitForRoom waits while the client does not take its replies, or too much of it is on its way to the record. Meanwhile
// nothing is read, so that TCP pushes back.
func (s *Session) waitForRoom() {
	for {
		s.mu.Lock()
		if len(s.replies) <= maxReplies && s.inFlight <= maxInFlight {
			s.mu.Unlock()
			return
		}
		room := make(chan struct{})
		s.room = room
		s.mu.Unlock()
		s.env.Counters.Blocked.Add(1)
		s.alive.pause()
		select {
		case <-room:
		case <-s.dead:
		case <-s.ctx.Done():
		}
		s.alive.resume(s)
		if s.over() {
			return
		}
	}
}

// over says whether the session is to end.
func (s *Session) over() bool {
	select {
	case <-s.dead:
		return true
	case <-s.ctx.Done():
		return true
	default:
		return false
	}
}

// slowDown makes the reader wait for the session's rate, with the keep-alive's clock standing still.
func (s *Session) slowDown(d time.Duration) {
	s.alive.pause()
	defer s.alive.resume(s)
	s.sleep(d)
}

// sleep waits, but not beyond the session's end.
func (s *Session) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.dead:
	case <-s.ctx.Done():
	}
}

// madeRoom lets the reader go on. mu is held.
func (s *Session) madeRoom() {
	if s.room != nil && len(s.replies) <= maxReplies && s.inFlight <= maxInFlight {
		close(s.room)
		s.room = nil
	}
}
