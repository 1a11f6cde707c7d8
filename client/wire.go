package client

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// writeTimeout is how long the server may accept no bytes before the connection counts as broken.
const writeTimeout = 60 * time.Second

// wire is the connection below the WebSocket library. It records what the library does not report (that bytes came, and
// whether the reader waits for them), and it lets the writer send several frames in one call. One goroutine may read
// while any number write.
type wire struct {
	net.Conn
	heard   atomic.Uint64 // reads that returned bytes
	reading atomic.Bool   // the reader waits for the server, not for the Handler

	mu      sync.Mutex // held during a whole write, so that frames do not mix
	holding bool
	held    []byte
}

// maxHeld bounds what hold gathers, in bytes. At that size it is written.
const maxHeld = 64 << 10

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	w.reading.Store(true)
	n, err := w.Conn.Read(p)
	w.reading.Store(false)
	if n > 0 {
		w.heard.Add(1)
	}
	return n, err
}

// Write implements net.Conn. Between hold and release it only gathers p.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holding {
		w.held = append(w.held, p...)
		if len(w.held) < maxHeld {
			return len(p), nil
		}
		return len(p), w.flush()
	}
	return len(p), w.write(p)
}

// hold gathers what is written from now on; release writes it.
func (w *wire) hold() {
	w.mu.Lock()
	w.holding = true
	w.mu.Unlock()
}

func (w *wire) release() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holding = false
	return w.flush()
}

// flush writes what was gathered. mu is held.
func (w *wire) flush() error {
	if len(w.held) == 0 {
		return nil
	}
	err := w.write(w.held)
	w.held = w.held[:0]
	return err
}

// write writes p at once. mu is held.
func (w *wire) write(p []byte) error {
	_ = w.SetWriteDeadline(time.Now().Add(writeTimeout)) // it fails on a closed connection, and then so does the write
	_, err := w.Conn.Write(p)
	return err
}
