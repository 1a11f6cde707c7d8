package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"verbatim/protocol"
)

// write sends what there is to send, from the welcome on, until over ends or the server is silent for too long. What
// has gathered since the last call goes out in one.
func (c *Client) write(over context.Context, l *link) error {
	alive := time.NewTicker(max(c.Limits().Ping, time.Second) * 5 / 4)
	defer alive.Stop()
	watch := watchdog{wire: l.wire}
	var frame []byte
	for {
		select {
		case <-over.Done():
			return context.Cause(over)
		case <-alive.C:
			ping, err := watch.tick()
			if err != nil {
				return err
			}
			if ping {
				if err := l.writeFrame([]byte(`{"type":"ping"}`)); err != nil {
					return err
				}
			}
		case <-c.wake:
			var err error
			if frame, err = c.writeAll(l, frame); err != nil {
				return err
			}
		}
	}
}

// writeAll sends all that there is to send by now. buffer is scratch space; it returns the grown one.
func (c *Client) writeAll(l *link, buffer []byte) ([]byte, error) {
	l.wire.hold()
	for {
		frame, refused := c.nextFrame(buffer[:0])
		if refused != nil {
			c.handOver(l, refused)
			continue
		}
		if len(frame) == 0 {
			return buffer, l.wire.release()
		}
		buffer = frame
		if err := l.writeFrame(frame); err != nil {
			return buffer, err
		}
	}
}

// handOver has Run's goroutine report a send that the writer took out of its outbox. The writer does not wait for it.
func (c *Client) handOver(l *link, refused *oversize) {
	c.mu.Lock()
	c.oversized = append(c.oversized, refused)
	c.mu.Unlock()
	l.wire.interrupt()
}

// nextFrame appends the next request to dst. It appends nothing if there is none, or if the connection has ended.
func (c *Client) nextFrame(dst []byte) ([]byte, *oversize) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.live {
		return dst, nil
	}
	for _, call := range c.calls {
		if !call.written {
			call.written = true
			return append(dst, call.frame...), nil
		}
	}
	for len(c.ready) > 0 {
		frame, refused := c.frameOf(dst, c.ready[0])
		if len(frame) > len(dst) || refused != nil {
			return frame, refused
		}
		c.dequeue()
	}
	return dst, nil
}

// frameOf appends a conversation's next request to dst, or nothing. mu is held.
func (c *Client) frameOf(dst []byte, v *conversation) ([]byte, *oversize) {
	if v.due {
		if frame := c.appendJoin(dst, v); len(frame) > len(dst) {
			return frame, nil
		}
	}
	if v.recheck.pending() {
		return c.appendRecheck(dst, v), nil
	}
	if frame := c.appendEphemeral(dst, v); len(frame) > len(dst) {
		return frame, nil
	}
	send, prev := v.outbox.next(time.Now())
	if send == nil {
		return dst, nil
	}
	frame := c.appendSend(dst, v, send, prev)
	if size, limit := len(frame)-len(dst), c.limits.Frame; limit > 0 && size > limit {
		v.outbox.remove(v.outbox.written - 1)
		return dst, &oversize{v.id, send, protocol.TooLarge(fmt.Sprintf(
			"the message makes a frame of %d bytes, and the server takes %d: send it in parts", size, limit))}
	}
	return frame, nil
}

// dequeue removes the first conversation with something to write, which has nothing more. mu is held.
func (c *Client) dequeue() {
	c.ready[0].queued = false
	c.ready[0] = nil
	if c.ready = c.ready[1:]; len(c.ready) == 0 {
		c.ready = nil // frees the array
	}
}

// watchdog detects a server that has disappeared without closing. The server pings after Limits.Ping of silence, so
// something comes within each tick, which is a little longer. If nothing does, the client pings and waits one tick
// more.
type watchdog struct {
	wire    *wire
	heard   uint64
	waiting bool // at the last tick the reader waited for the server
	pinged  bool
}

// tick reports whether to ping the server. The error says that a ping was not answered.
func (w *watchdog) tick() (ping bool, err error) {
	heard, waiting := w.wire.heard.Load(), w.wire.reading.Load()
	silent := heard == w.heard && waiting && w.waiting // the time of a busy Handler does not count
	w.heard, w.waiting = heard, waiting
	if !silent {
		w.pinged = false
		return false, nil
	}
	if w.pinged {
		return false, errors.New("client: the server was silent and did not answer a ping: it, or the network, is gone")
	}
	w.pinged = true
	return true, nil
}
