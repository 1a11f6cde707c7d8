package logging

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// AsyncWriter writes lines to a writer that may hang or break: a pipe that nobody reads or whose reader is gone, a file
// on a full disk, a stopped terminal. Its callers never wait and never get an error. Lines wait in a bounded queue;
// beyond its bound they are dropped and counted. Safe for concurrent use.
//
// zerolog's diode has the same aim, but it drops the oldest lines and not the newest, counts them only once its reader
// goes on, bounds lines and not bytes, and its Close waits for the reader.
type AsyncWriter struct {
	to  io.Writer             // fixed
	gap func(lost int) []byte // fixed; makes the line that is written in place of lost ones; nil: there is none

	dropped atomic.Int64 // lines

	mu      sync.Mutex
	waiting []line        // guarded by mu
	size    int           // guarded by mu; bytes of waiting, with lineCost for each line
	lost    int           // guarded by mu; dropped lines that no gap counts yet
	writing bool          // guarded by mu; a goroutine writes
	changed chan struct{} // guarded by mu; closed when a line was written, or could not be; nil: nobody waits

	torn bool // owned by the goroutine that writes: the last write ended within a line
}

// line is a text to write, or a gap that stands for lost lines.
type line struct {
	text []byte
	lost int
}

const (
	maxWaiting   = 1 << 20               // bytes that wait, at most
	lineCost     = 64                    // bytes that a waiting line costs beside its text, about
	stallTimeout = time.Second           // Flush fails after this long without a line being taken
	maxFlush     = 5 * time.Second       // bounds Flush, also while lines are taken
	retryAfter   = 20 * time.Millisecond // when a full non-blocking pipe is tried again
)

// NewAsyncWriter returns an AsyncWriter that writes to a writer. gap makes the line that tells of lost lines, or is
// nil.
func NewAsyncWriter(to io.Writer, gap func(lost int) []byte) *AsyncWriter {
	return &AsyncWriter{to: to, gap: gap}
}

// Say writes a last line to a writer, and gives up if it does not take the line.
func Say(to io.Writer, words string) {
	w := NewAsyncWriter(to, nil)
	w.Say(words)
	w.Flush()
}

// Write queues a line. It never fails.
func (w *AsyncWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) > 0 && w.size+len(text)+lineCost > maxWaiting {
		w.lost++
		w.dropped.Add(1)
		return len(text), nil
	}
	w.addGap()
	w.add(line{text: bytes.Clone(text)})
	if !w.writing {
		w.writing = true
		go w.write() // owned by the AsyncWriter; waits for the writer; ends when no line waits, which Flush waits for
	}
	return len(text), nil
}

// Say queues a line.
func (w *AsyncWriter) Say(words string) { _, _ = io.WriteString(w, words) } // it never fails

// Dropped returns how many lines were dropped.
func (w *AsyncWriter) Dropped() int64 { return w.dropped.Load() }

// add is called with mu held.
func (w *AsyncWriter) add(l line) {
	w.waiting = append(w.waiting, l)
	w.size += len(l.text) + lineCost
}

// addGap adds a line that tells of lost lines. It is called with mu held.
func (w *AsyncWriter) addGap() {
	if w.lost > 0 && w.gap != nil {
		w.add(line{text: w.gap(w.lost), lost: w.lost})
	}
	w.lost = 0
}

// write writes lines until none waits.
func (w *AsyncWriter) write() {
	written := true
	for {
		l, ok := w.next(written)
		if !ok {
			return
		}
		written = w.put(l.text)
		w.done(l, written)
	}
}

// next takes a line from the queue. If the queue is empty and lines were lost, the gap is next, unless the line before
// could not be written either.
func (w *AsyncWriter) next(written bool) (line, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 && written {
		w.addGap()
	}
	if len(w.waiting) == 0 {
		w.waiting, w.writing = nil, false
		return line{}, false
	}
	l := w.waiting[0]
	w.waiting[0] = line{}
	w.waiting = w.waiting[1:]
	w.size -= len(l.text) + lineCost
	return l, true
}

// put writes a text to its end, and reports whether it could.
func (w *AsyncWriter) put(text []byte) bool {
	if w.torn {
		text = append([]byte{'\n'}, text...) // so that the rest of one line does not spoil the next
	}
	for {
		n, err := w.to.Write(text)
		if n > 0 {
			w.torn = text[n-1] != '\n' && n < len(text)
			text = text[n:]
		}
		if !errors.Is(err, syscall.EAGAIN) {
			return err == nil
		}
		time.Sleep(retryAfter) // another process that shares the pipe made it non-blocking
	}
}

// done counts a line that could not be written, and wakes Flush.
func (w *AsyncWriter) done(l line, written bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case written:
	case l.lost > 0:
		w.lost += l.lost // these are counted already
	default:
		w.lost++
		w.dropped.Add(1)
	}
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// Flush waits until every line is written, or until none was taken for stallTimeout. It reports whether all were
// written.
func (w *AsyncWriter) Flush() bool {
	end := time.After(maxFlush)
	for {
		changed := w.wait()
		if changed == nil {
			return true
		}
		select {
		case <-changed:
		case <-time.After(stallTimeout):
			return false
		case <-end:
			return false
		}
	}
}

// wait returns a channel that is closed once a line is done, or nil if no line waits.
func (w *AsyncWriter) wait() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.writing {
		return nil
	}
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	return w.changed
}
