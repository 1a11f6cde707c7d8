package client

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// writeTimeout is how long the server may take nothing of what is written before the connection counts as broken.
const writeTimeout = 60 * time.Second

// wire is the connection below the WebSocket library. It sees what the library does not tell: that bytes came, whether
// the reader waits for them; and it lets what the writer has gathered go out in one call. Its methods may be called by
// one reader and any number of writers.
type wire struct {
	net.Conn
	heard   atomic.Uint64 // reads that brought something
	reading atomic.Bool   // the reader waits for the server, rather than for the Handler

	mu      sync.Mutex // held for a whole write, so that no frame stands within another
	holding bool
	held    []byte
}

// heldMost bounds what is gathered; what is above it goes out at once.
const heldMost = 64 << 10 // bytes

func (w *wire) Read(p []byte) (int, error) {
	w.reading.Store(true)
	n, err := w.Conn.Read(p)
	w.reading.Store(false)
	if n > 0 {
		w.heard.Add(1)
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holding {
		w.held = append(w.held, p...)
		if len(w.held) < heldMost {
			return len(p), nil
		}
		return len(p), w.flush()
	}
	return len(p), w.out(p)
}

// hold gathers what is written from now on; release lets it go.
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

func (w *wire) flush() error {
	if len(w.held) == 0 {
		return nil
	}
	err := w.out(w.held)
	w.held = w.held[:0]
	return err
}

func (w *wire) out(p []byte) error {
	_ = w.SetWriteDeadline(time.Now().Add(writeTimeout)) // a closed connection says so in the write
	_, err := w.Conn.Write(p)
	return err
}
