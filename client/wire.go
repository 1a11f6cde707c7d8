package client

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// writeTimeout is how long the server may accept no bytes before the connection counts as broken.
const writeTimeout = 60 * time.Second

// wire is the connection below the WebSocket library. It records what the library does not report (that bytes came, and
// whether the reader waits for them), it lets the writer send several frames in one call, and it can have the reader do
// something else between two reads. One goroutine may read while any number write or interrupt.
type wire struct {
	net.Conn
	heard   atomic.Uint64 // reads that returned bytes
	reading atomic.Bool   // the reader waits for the server, not for the Handler

	deadline    sync.Mutex // guards the three below, and the read deadline; not held across I/O
	onInterrupt func()     // what interrupt has the reader call; nil: nothing
	interrupted bool       // the read deadline has passed on purpose: the reader calls onInterrupt
	lastRead    time.Time  // when reading ends; zero: with the connection

	mu      sync.Mutex // held during a whole write, so that frames do not mix
	holding bool
	held    []byte
}

// maxHeld bounds what hold gathers, in bytes. At that size it is written.
const maxHeld = 64 << 10

// Read implements net.Conn. After an interrupt it calls onInterrupt and reads on.
func (w *wire) Read(p []byte) (int, error) {
	for {
		w.reading.Store(true)
		n, err := w.Conn.Read(p)
		w.reading.Store(false)
		if n > 0 {
			w.heard.Add(1)
			return n, err
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		onInterrupt, ok := w.resume()
		if !ok {
			return n, err
		}
		if onInterrupt != nil {
			onInterrupt()
		}
	}
}

// interrupt has the goroutine that reads call onInterrupt: at once if it waits for the server, else with its next read.
// If the connection ends first, no read calls it. interrupt does not wait.
func (w *wire) interrupt() {
	w.deadline.Lock()
	defer w.deadline.Unlock()
	w.interrupted = true
	w.setReadDeadline(time.Now())
}

// resume lets reads wait again after an interrupt, and returns what to call. ok is false if there was none.
func (w *wire) resume() (onInterrupt func(), ok bool) {
	w.deadline.Lock()
	defer w.deadline.Unlock()
	if !w.interrupted {
		return nil, false
	}
	w.interrupted = false
	w.setReadDeadline(w.lastRead)
	return w.onInterrupt, true
}

// callOnInterrupt sets what interrupt has the reader call from now on; nil: nothing.
func (w *wire) callOnInterrupt(f func()) {
	w.deadline.Lock()
	defer w.deadline.Unlock()
	w.onInterrupt = f
}

// endReading has reads fail from then on.
func (w *wire) endReading(then time.Time) {
	w.deadline.Lock()
	defer w.deadline.Unlock()
	w.lastRead = then
	if !w.interrupted { // else resume sets it
		w.setReadDeadline(then)
	}
}

// setReadDeadline sets the deadline of the connection's reads. deadline is held.
func (w *wire) setReadDeadline(t time.Time) {
	_ = w.SetReadDeadline(t) // it fails on a closed connection, and then so does the read
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
