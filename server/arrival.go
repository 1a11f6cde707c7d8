package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"verbatim/protocol"
)

// What net/http and the sessions see of a connection that came through the gate, and what the gate learns of its requests.

// silent reports whether it is the client's turn: nothing has come at all, or the server waits for more. On a busy
// machine what was read may lie for seconds before a goroutine gets to answer it.
func (a *arrival) silent() bool {
	if a.awaited.Load() == 0 && a.spoke.Load() != 0 {
		return false
	}
	unread := 0
	if raw, err := a.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { // an error means that it is closed
			unread, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ)
		})
	}
	return unread == 0
}

// Close ends the connection; it may be called more than once.
func (a *arrival) Close() error {
	a.gate.mu.Lock()
	answer := a.answer
	unfinished := !a.handled.Load() && (a.state == fresh && a.spoke.Load() != 0 || a.state.resting() && answer != "")
	a.gate.close(a)
	a.gate.mu.Unlock()
	if unfinished {
		a.gate.tellUnfinished(a, answer)
	}
	return a.Conn.Close()
}

// Write notices what no handler hears of: that net/http answers by itself, and that nothing of an answer is taken.
func (a *arrival) Write(p []byte) (int, error) {
	if !a.handled.Load() {
		line, _, _ := bytes.Cut(p, []byte("\r\n"))
		a.gate.mu.Lock()
		a.answer = string(bytes.TrimPrefix(line, []byte("HTTP/1.1 ")))
		a.gate.mu.Unlock()
	}
	n, err := a.Conn.Write(p)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		a.gate.tellStalled(a)
	}
	return n, err
}

// CloseWrite says that nothing more comes.
func (a *arrival) CloseWrite() error {
	if half, ok := a.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SyscallConn implements syscall.Conn.
func (a *arrival) SyscallConn() (syscall.RawConn, error) {
	if file, ok := a.Conn.(syscall.Conn); ok {
		return file.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// watch is an http.Server's ConnState.
func (g *gate) watch(c net.Conn, now http.ConnState) {
	a := arrivalOf(c)
	if a == nil {
		return
	}
	if victim := g.follow(a, now); victim != nil {
		g.end("idle", victim)
	}
}

// follow brings a connection into the state that net/http says, and returns the one whose place it takes, or nil.
func (g *gate) follow(a *arrival, now http.ConnState) (victim *arrival) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch now {
	case http.StateActive: // the first bytes of a request
		if a.state.resting() {
			g.move(a, fresh)
		}
	case http.StateIdle:
		if a.networks == (path[tally]{}) {
			g.move(a, pooled)
		} else {
			g.move(a, idle)
		}
		a.handled.Store(false)
		if g.waiting[idle].Len() > g.handshakes {
			victim = g.oldest(idle, -1)
			g.close(victim)
		}
	case http.StateHijacked:
		g.move(a, beyond)
	}
	return victim
}

// arrivalOf finds the gate's connection below one of net/http's.
func arrivalOf(c net.Conn) *arrival {
	for {
		if a, ok := c.(*arrival); ok {
			return a
		}
		outer, ok := c.(interface{ NetConn() net.Conn }) // TLS
		if !ok {
			return nil
		}
		c = outer.NetConn()
	}
}

type arrivalKey struct{}

// remember is an http.Server's ConnContext.
func (g *gate) remember(ctx context.Context, c net.Conn) context.Context {
	if a := arrivalOf(c); a != nil {
		return context.WithValue(ctx, arrivalKey{}, a)
	}
	return ctx
}

// note stands before all handlers. A request without a body is whole once it has come to them, and one whose body means
// nothing once that was read. One whose connection was counted out in the meantime comes to nobody: else what it begins
// would break off.
func (g *gate) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, counted := r.Context().Value(arrivalKey{}).(*arrival)
		begin := func() {
			if counted && !g.begin(a) {
				panic(http.ErrAbortHandler) // which net/http takes for what it is
			}
		}
		if r.Method != http.MethodPost && r.ContentLength != 0 && !passOver(w, r, begin) {
			return
		}
		begin()
		if r.Method != http.MethodPost || r.ContentLength == 0 {
			whole(r)
		}
		next.ServeHTTP(w, r)
	})
}

// mostPassedOver is the most bytes of a body that means nothing.
const mostPassedOver = 64 << 10

// passOver reads a body where none has a meaning, or refuses the request and returns false. No handler reads it: it
// would lie unread as long as a poll waits, which looks like a request that the server has not come to, and is then
// never closed; and net/http would not notice that the client is gone. One that breaks off is refused as a POST's is.
// Until its end no handler has the request, so that a drain does not wait for it; begin stands before a refusal.
func passOver(w http.ResponseWriter, r *http.Request, begin func()) bool {
	switch _, err := io.CopyN(io.Discard, r.Body, mostPassedOver+1); {
	case err == nil:
		begin()
		w.Header().Set("Connection", "close") // the rest is not wanted
		refuse(w, http.StatusRequestEntityTooLarge, protocol.Errorf(protocol.CodeTooLarge,
			"a body has no meaning here, and this one has more than %d bytes: send the request without one", mostPassedOver))
		return false
	case !errors.Is(err, io.EOF): // it is not well formed, or was too slow, or the client is gone
		begin()
		w.Header().Set("Connection", "close") // nobody knows where a next request would begin
		refuse(w, http.StatusBadRequest, protocol.BadRequest(
			"a body has no meaning here, and this one could not be read to its end: send the request without one"))
		return false
	}
	return true
}

// begin notes that a handler has a connection's request, or returns false where it is too late.
func (g *gate) begin(a *arrival) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a.answer = "" // to continue with a body that is awaited, which is no answer
	a.handled.Store(a.state != ended)
	return a.handled.Load()
}

// whole notes that a request has come whole; until then its connection counts as one that has not finished a request.
func whole(r *http.Request) {
	a, ok := r.Context().Value(arrivalKey{}).(*arrival)
	if !ok {
		return // a test's
	}
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	if a.state == fresh {
		a.gate.move(a, asked)
	}
}

// dismiss closes the connections on which no request is being answered, such as those that browsers open ahead of need:
// net/http would wait 5 s for them, and longer for one that has sent a byte.
func (g *gate) dismiss() {
	g.mu.Lock()
	var all []*arrival
	for at := g.waiting[fresh].Front(); at != nil; at = at.Next() {
		if a := at.Value.(*arrival); !a.handled.Load() {
			all = append(all, a)
		}
	}
	for _, a := range all {
		g.close(a)
	}
	g.mu.Unlock()
	for _, a := range all {
		_ = a.Conn.Close() // nothing was asked for on it
	}
}
