package gate

import (
	"bytes"
	"container/list"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"verbatim/server/limit"
)

// arrival is a connection that came through the gate, as net/http and the sessions see it.
type arrival struct {
	net.Conn
	gate      *Gate
	*preamble              // nil: the peer sends no PROXY header
	tls       atomic.Bool  // the first byte was that of TLS
	firstByte atomic.Int64 // when the first byte was read, in nanoseconds since opened; 0: none yet
	readers   atomic.Int32 // goroutines that wait in a read of it
	handled   atomic.Bool  // a handler has the request, and may wait for its body; set with gate.mu held

	// Guarded by gate.mu.
	state    state
	client   string            // for whom the proxy at the other end speaks, once it has said so
	answer   string            // the first line of an answer that net/http gave by itself, before any handler
	since    time.Duration     // when it came into its state, since opened
	element  *list.Element     // in gate.waiting
	networks limit.Path[tally] // empty if the address is a trusted proxy's or unknown
}

// silent reports whether it is the client's turn: nothing has come, or the server waits for more. On a busy machine,
// data that was read may wait for seconds before a goroutine answers it.
func (a *arrival) silent() bool {
	if a.readers.Load() == 0 && a.firstByte.Load() != 0 {
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

// RemoteAddr returns the address of the client: of the peer, or of the client for which a proxy speaks.
func (a *arrival) RemoteAddr() net.Addr {
	if a.introduced(); a.preamble != nil && a.from != nil {
		return a.from
	}
	return a.Conn.RemoteAddr()
}

// Read reads what comes after the PROXY header, if there must be one. Without the header it reads nothing: net/http
// would answer other errors.
func (a *arrival) Read(p []byte) (int, error) {
	if a.introduced(); a.preamble != nil && a.err != nil {
		return 0, io.EOF
	}
	a.readers.Add(1)
	n, err := a.Conn.Read(p)
	if n > 0 && a.firstByte.Load() == 0 {
		a.tls.Store(p[0] == tlsHandshake)
		a.firstByte.Store(int64(time.Since(opened)))
	}
	a.readers.Add(-1)
	return n, err
}

// Write notes what no handler learns of: answers that net/http sends by itself, and answers that the client does not
// take.
func (a *arrival) Write(p []byte) (int, error) {
	if !a.handled.Load() {
		line, _, _ := bytes.Cut(p, []byte("\r\n"))
		a.gate.mu.Lock()
		a.answer = string(bytes.TrimPrefix(line, []byte("HTTP/1.1 ")))
		a.gate.mu.Unlock()
	}
	n, err := a.Conn.Write(p)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		a.gate.noteStalled(a)
	}
	return n, err
}

// Close ends the connection. It may be called more than once.
func (a *arrival) Close() error {
	a.gate.mu.Lock()
	answer := a.answer
	unfinished := !a.handled.Load() &&
		(a.state == handshaking && a.firstByte.Load() != 0 || a.state.between() && answer != "")
	a.gate.close(a)
	a.gate.mu.Unlock()
	if unfinished {
		a.gate.noteUnfinished(a, answer)
	}
	return a.Conn.Close()
}

// CloseWrite tells the peer that nothing more comes.
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

// sender returns the client's address, and that of the proxy that speaks for it, or "". It does not wait for a header.
func (a *arrival) sender() (from, via string) {
	a.gate.mu.Lock()
	client := a.client
	a.gate.mu.Unlock()
	peer := a.Conn.RemoteAddr().String()
	if client == "" {
		return peer, ""
	}
	return client, peer
}
