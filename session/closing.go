package session

import (
	"time"

	"verbatim/protocol"
)

const (
	// closeWithin bounds how long a close takes.
	closeWithin = 5 * time.Second
	// repliesWithin bounds how long the replies that are due before a close may take.
	repliesWithin = 4 * time.Second
)

// finish sends the replies that are due and the close frame after them, within closeWithin. code 0: the client is gone
// or has closed; in the second case the answer to its close goes out.
func (o *outbound) finish(code protocol.CloseCode, reason string) {
	until := time.Now().Add(closeWithin)
	out := o.beginClose(code, reason)
	if out == nil {
		return
	}

	o.wake()
	if !o.awaitClose(out, repliesWithin) {
		o.mu.Lock()
		o.closeNow = true
		o.mu.Unlock()
		o.wake()
		o.awaitClose(out, time.Until(until))
	}
	select {
	case <-out:
		o.conn.wire.linger(until)
	default:
	}
}

// beginClose queues the close frame. It returns a channel that is closed when it is out, or nil if there is none to
// send.
func (o *outbound) beginClose(code protocol.CloseCode, reason string) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing == nil && code != 0 {
		o.closing = closeFrame(code, reason)
	}
	if o.closing == nil {
		return nil
	}
	o.closed = make(chan struct{})
	return o.closed
}

// awaitClose waits until the close frame is out or the connection is gone, and reports whether either came in time.
func (o *outbound) awaitClose(out <-chan struct{}, d time.Duration) bool {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	select {
	case <-out:
	case <-o.dead:
	case <-timeout.C:
		return false
	}
	return true
}
