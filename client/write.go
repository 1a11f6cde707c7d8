package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

// write says what there is to say, from the welcome on, until over ends or the server is not heard of any more. What has
// gathered goes out in one call, when the socket is free.
func (c *Client) write(over context.Context, l *link) error {
	alive := time.NewTicker(max(c.Limits().Ping, time.Second) * 5 / 4)
	defer alive.Stop()
	watch := watch{link: l}
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
				if err := l.say([]byte(`{"type":"ping"}`)); err != nil {
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

func (l *link) say(frame []byte) error {
	if err := l.ws.Write(context.Background(), websocket.MessageText, frame); err != nil {
		return fmt.Errorf("client: write: %w", err)
	}
	return nil
}

// writeAll writes all that there is to say by now.
func (c *Client) writeAll(l *link, buffer []byte) ([]byte, error) {
	l.wire.hold()
	for {
		frame, refused := c.nextFrame(buffer[:0])
		if refused != nil {
			c.giveUp(refused.v.id, refused.item, refused.err)
			continue
		}
		if len(frame) == 0 {
			return buffer, l.wire.release()
		}
		buffer = frame
		if err := l.say(frame); err != nil {
			return buffer, err
		}
	}
}

// oversize is a send that the server would close the connection for.
type oversize struct {
	v    *conversation
	item *outgoing
	err  *protocol.Error
}

// nextFrame gives the next thing to say; nothing where there is none, or where the connection has been given up.
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
		v := c.ready[0]
		if v.due {
			if dst = c.appendJoin(dst, v); len(dst) > 0 {
				return dst, nil
			}
		}
		if v.proof.of != 0 && v.proof.ref == 0 {
			return c.appendProof(dst, v), nil
		}
		if dst = c.appendEphemeral(dst, v); len(dst) > 0 {
			return dst, nil
		}
		if item, before := v.next(time.Now()); item != nil {
			dst = c.appendSend(dst, v, item, before)
			if most := c.limits.Frame; most > 0 && len(dst) > most {
				v.settle(v.written - 1)
				return dst[:0], &oversize{v, item, protocol.TooLarge(fmt.Sprintf("the message makes a frame of %d bytes, and the server takes %d: send it in parts", len(dst), most))}
			}
			return dst, nil
		}
		v.queued = false
		c.ready[0] = nil
		if c.ready = c.ready[1:]; len(c.ready) == 0 {
			c.ready = nil
		}
	}
	return dst, nil
}

// disconnect makes ready what the next connection begins with: the joins, the sends without an ack, the open calls.
func (c *Client) disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live, c.cut = false, nil
	for _, call := range c.calls {
		call.written = false
	}
	for _, v := range c.conversations {
		v.told, v.ref, v.expected, v.due = false, 0, 0, v.wanted
		v.proof.disconnected()
		v.typing = typing{}
		v.outbox.disconnected()
		if v.wanted || len(v.items) > 0 {
			c.enqueue(v)
		}
	}
}

// watch finds a server that is gone without a word. The server pings after limits.ping of silence, so that something
// is heard within each tick, which is a little longer; where nothing is, it is asked, and given one tick more.
type watch struct {
	link    *link
	heard   uint64
	waiting bool // the reader waited for the server at the tick before
	asked   bool
}

func (w *watch) tick() (ping bool, err error) {
	heard, waiting := w.link.wire.heard.Load(), w.link.wire.reading.Load()
	silent := heard == w.heard && waiting && w.waiting // the clock stands still while the Handler is busy
	w.heard, w.waiting = heard, waiting
	if !silent {
		w.asked = false
		return false, nil
	}
	if w.asked {
		return false, errors.New("client: the server was silent and did not answer a ping: it, or the network, is gone")
	}
	w.asked = true
	return true, nil
}
