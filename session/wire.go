package session

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// wire is the connection as the library sees it. It has a read buffer only while there is something in it, so that an
// idle connection has none.
type wire struct {
	net.Conn
	raw     syscall.RawConn    // nil: the connection has no file descriptor, and is read without a buffer
	control func(frame []byte) // takes the library's control frames; nil: they are dropped
	partial []byte             // the beginning of a control frame; owned by the holder of the library's write lock
	heard   atomic.Int64       // when bytes came last, in nanoseconds since start
	acked   uint64             // tcp bytes that the peer had acknowledged at the last look; owned by the keep-alive

	// Owned by the reader.
	buffer  *[]byte               // from readBuffers; nil: nothing is buffered
	unread  []byte                // the part of buffer that the library has not taken
	tryRead func(fd uintptr) bool // readNow, made a value once and not for each read
	tried   error                 // what readNow met
	readErr error                 // why reading ended

	deadlineAt time.Time // what the write deadline was set at; owned by the writer

	local bool          // a Unix socket: of what its peer has taken there is no word but what is left of sent
	sent  atomic.Uint64 // bytes that a local socket took
}

// readBuffers hold what one read(2) brought until the library has taken it.
var readBuffers = sync.Pool{New: func() any { b := make([]byte, 4096); return &b }}

var start = time.Now() // heard counts from here, by the monotonic clock

func sinceStart() int64 { return int64(time.Since(start)) }

func newWire(c net.Conn) *wire {
	w := &wire{Conn: c, local: c.LocalAddr().Network() == "unix"}
	if file, ok := c.(syscall.Conn); ok {
		if raw, err := file.SyscallConn(); err == nil {
			w.raw, w.tryRead = raw, w.readNow
		}
	}
	w.heard.Store(sinceStart())
	return w
}

// Read is the library's. It waits for the client without a buffer, and reads into one that it returns when the
// library has taken all of it.
func (w *wire) Read(p []byte) (n int, err error) {
	if len(w.unread) == 0 {
		if w.raw == nil {
			n, err = w.Conn.Read(p)
		} else {
			err = w.fill()
		}
		if w.heard.Store(sinceStart()); err != nil {
			w.readErr = err
		}
		if w.raw == nil || err != nil {
			return n, err
		}
	}
	n = copy(p, w.unread)
	if w.unread = w.unread[n:]; len(w.unread) == 0 {
		w.letGo()
	}
	return n, nil
}

// fill waits until there is something to read, and reads what there is, in one call.
func (w *wire) fill() error {
	if err := w.raw.Read(w.tryRead); err != nil { // the deadline, or it was closed
		return err
	}
	return w.tried
}

// readNow is what fill does each time that there may be something; false: there is nothing yet, wait.
func (w *wire) readNow(fd uintptr) bool {
	buffer := readBuffers.Get().(*[]byte)
	n, err := unix.Read(int(fd), *buffer)
	for err == unix.EINTR {
		n, err = unix.Read(int(fd), *buffer)
	}
	switch {
	case err == unix.EAGAIN:
		readBuffers.Put(buffer)
		return false
	case n > 0:
		w.buffer, w.unread, w.tried = buffer, (*buffer)[:n], nil
		return true
	case err == nil:
		err = io.EOF
	default:
		err = os.NewSyscallError("read", err)
	}
	readBuffers.Put(buffer)
	w.tried = err
	return true
}

// letGo returns the read buffer to its pool. Only the reader calls it.
func (w *wire) letGo() {
	if w.buffer != nil {
		readBuffers.Put(w.buffer)
		w.buffer, w.unread = nil, nil
	}
}

// Write takes a control frame from the library, which may come in parts. It is called under the library's write lock.
func (w *wire) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	if len(w.partial) < 2 || len(w.partial) < 2+int(w.partial[1]) { // a control frame's length (RFC 6455, 5.5)
		return len(p), nil
	}
	if w.control != nil {
		w.control(w.partial)
	}
	w.partial = nil
	return len(p), nil
}

// Close is the library's; the session closes the connection itself, when its last frames are out.
func (w *wire) Close() error { return nil }

// errStalled ends a connection whose TCP took nothing at all for the write timeout (docs/protocol, promise 6).
var errStalled = errors.New("the client's TCP took nothing for the write timeout")

// send writes frames in one call if the socket takes them. A client whose TCP takes anything within the timeout lives,
// even if that makes no room for the write yet: the kernel may hold megabytes for it. What it takes is known from the
// first look on, at a timeout's end, so that one that takes nothing ends after two of them. Only the session's
// writer calls it.
func (w *wire) send(frames []byte, timeout time.Duration) error {
	var acked uint64 // at the last look; 0, which it never is on an open connection: there was none
	for len(frames) > 0 {
		// Setting a deadline costs a tenth of a short write, so it is set a second late and at most once a second.
		if now := time.Now(); now.Sub(w.deadlineAt) > time.Second {
			w.deadlineAt = now
			if err := w.SetWriteDeadline(now.Add(timeout + time.Second)); err != nil {
				return err
			}
		}
		n, err := w.Conn.Write(w.piece(frames))
		if w.local {
			w.sent.Add(uint64(n))
		}
		frames = frames[n:]
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		before := acked
		acked, _ = w.progress()
		if n == 0 && acked == before {
			return errStalled
		}
		w.deadlineAt = time.Time{}
	}
	return nil
}

// piece is what one call writes. A Unix socket keeps each call's bytes together, and counts them as unread until all of
// them are read: small ones show that a slow peer reads.
func (w *wire) piece(frames []byte) []byte {
	if w.local {
		return frames[:min(len(frames), 16<<10)]
	}
	return frames
}

// progress returns how many bytes the peer's TCP has acknowledged, and how many it still owes, or zeros if the system
// cannot tell or it is closed. A Unix socket's peer has taken about what it has read: the kernel counts what is unread
// with its own overhead, so this tells only whether there is progress.
func (w *wire) progress() (acked uint64, owed uint32) {
	if w.raw == nil {
		return 0, 0
	}
	_ = w.raw.Control(func(fd uintptr) { // an error means that it is closed
		if w.local {
			if held, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
				acked, owed = beforeAny+w.sent.Load()-uint64(held), uint32(held)
			}
			return
		}
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			acked, owed = info.Bytes_acked, info.Notsent_bytes+info.Unacked
		}
	})
	return acked, owed
}

// beforeAny is more than the overhead of what a Unix socket holds.
const beforeAny = 1 << 40

// takes reports whether the peer's TCP has taken bytes since the last look and more are on their way, or due: it is a
// slow reader that has not come to our ping yet, not a dead one. It is false if the system cannot tell.
func (w *wire) takes(due bool) bool {
	acked, owed := w.progress()
	progress := acked > w.acked && (due || owed > 0)
	w.acked = acked
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
