package server

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// outlet writes lines to what may hang or break: a pipe that nobody reads or whose reader is gone, a file on a full
// disk, a terminal that was stopped. Who writes never waits and meets no error: lines wait in a bounded queue, and
// beyond that they are dropped and counted. Safe for concurrent use.
//
// zerolog's diode has the same aim. It drops the oldest lines and not the newest, counts them only once its reader goes
// on, bounds lines and not bytes, and closing it waits for the reader.
type outlet struct {
	to  io.Writer             // fixed
	gap func(lost int) []byte // fixed; makes the line that stands where lines were lost; nil: none does

	dropped atomic.Int64 // lines

	mu      sync.Mutex
	waiting []line        // guarded by mu
	size    int           // guarded by mu; bytes of waiting, with lineCost for each line
	lost    int           // guarded by mu; lines that were dropped and stand in no gap yet
	writing bool          // guarded by mu; a goroutine writes
	moved   chan struct{} // guarded by mu; closed when a line was written, or could not be; nil: nobody waits

	torn bool // owned by the goroutine that writes: the last write broke off within a line
}

// line is a text to write, or a gap for so many that were lost.
type line struct {
	text []byte
	lost int
}

const (
	mostWaiting = 1 << 20               // bytes that wait, at most
	lineCost    = 64                    // bytes that a waiting line costs beside its text, about
	givenUp     = time.Second           // after so long without a line being taken, flush ends
	mostFlush   = 5 * time.Second       // bounds flush, also where lines are taken
	tryAgain    = 20 * time.Millisecond // after which a full pipe that does not block is tried again
)

func newOutlet(to io.Writer, gap func(lost int) []byte) *outlet { return &outlet{to: to, gap: gap} }

// Write takes a line.
func (o *outlet) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) > 0 && o.size+len(text)+lineCost > mostWaiting {
		o.lost++
		o.dropped.Add(1)
		return len(text), nil
	}
	o.standGap()
	o.add(line{text: bytes.Clone(text)})
	if !o.writing {
		o.writing = true
		go o.write() // owned by the outlet: waits for what is written to, and ends when nothing waits; flush waits for it
	}
	return len(text), nil
}

// add is called with mu held.
func (o *outlet) add(l line) {
	o.waiting = append(o.waiting, l)
	o.size += len(l.text) + lineCost
}

// standGap puts a line where lines were lost. It is called with mu held.
func (o *outlet) standGap() {
	if o.lost > 0 && o.gap != nil {
		o.add(line{text: o.gap(o.lost), lost: o.lost})
	}
	o.lost = 0
}

// write writes what waits until nothing does.
func (o *outlet) write() {
	written := true
	for {
		l, ok := o.next(written)
		if !ok {
			return
		}
		written = o.put(l.text)
		o.settle(l, written)
	}
}

// next takes a line from the queue. Where nothing more waits but lines are lost, the gap is next, unless it could not
// be written either.
func (o *outlet) next(written bool) (line, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 && written {
		o.standGap()
	}
	if len(o.waiting) == 0 {
		o.waiting, o.writing = nil, false
		return line{}, false
	}
	l := o.waiting[0]
	o.waiting[0] = line{}
	o.waiting = o.waiting[1:]
	o.size -= len(l.text) + lineCost
	return l, true
}

// put writes a text to its end, and reports whether it could.
func (o *outlet) put(text []byte) bool {
	if o.torn {
		text = append([]byte{'\n'}, text...) // so that what is left of one line does not spoil another
	}
	for {
		n, err := o.to.Write(text)
		if n > 0 {
			o.torn = text[n-1] != '\n' && n < len(text)
			text = text[n:]
		}
		if !errors.Is(err, syscall.EAGAIN) {
			return err == nil
		}
		time.Sleep(tryAgain) // somebody else who has the pipe has made it one that does not block
	}
}

// settle counts what could not be written, and tells flush.
func (o *outlet) settle(l line, written bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case written:
	case l.lost > 0:
		o.lost += l.lost // counted already
	default:
		o.lost++
		o.dropped.Add(1)
	}
	if o.moved != nil {
		close(o.moved)
		o.moved = nil
	}
}

// flush waits until everything is written, or nothing has been taken for a while; it reports whether all was.
func (o *outlet) flush() bool {
	end := time.After(mostFlush)
	for {
		moved := o.watch()
		if moved == nil {
			return true
		}
		select {
		case <-moved:
		case <-time.After(givenUp):
			return false
		case <-end:
			return false
		}
	}
}

// watch gives what is closed when a line was settled, or nil where none waits.
func (o *outlet) watch() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.writing {
		return nil
	}
	if o.moved == nil {
		o.moved = make(chan struct{})
	}
	return o.moved
}
