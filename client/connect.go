package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/coder/websocket"
)

var errReconnect = errors.New("client: the connection was broken off by Reconnect")

// stayConnected makes one connection after another until ctx ends or another one is useless, and returns why.
func (c *Client) stayConnected(ctx context.Context) error {
	var inRow failures
	for {
		start := time.Now()
		err := c.connection(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		asked, final := classify(err)
		if final {
			if c.lastError != nil {
				err = fmt.Errorf("client: refused: %s: %w", c.lastError.Reason, err)
			}
			return err
		}
		if time.Since(start) >= stableAfter || errors.Is(err, errReconnect) {
			inRow.refused, inRow.other = 0, 0
		}
		wait := inRow.wait(c.options.Backoff, asked, err)
		c.stats.disconnects.Add(1)
		if h := c.options.Handler.Disconnected; h != nil {
			h(Disconnected{Err: err, Retry: wait})
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// connection makes one connection, reads from it until it ends, and returns why it ended. Its goroutines have ended by
// then.
func (c *Client) connection(ctx context.Context) error {
	l, err := c.dial(ctx)
	if err != nil {
		return err
	}
	l.wire.callOnInterrupt(c.giveUpOversized)
	over, finish := context.WithCancelCause(ctx)
	closed := make(chan struct{})
	go func() { // the connection's, which waits for it below; waits for the end of the connection or client; closes
		defer close(closed)
		<-over.Done()
		l.wire.callOnInterrupt(nil) // closing reads too, and Run's goroutine may be in a callback
		l.close(ctx.Err() != nil)
	}()
	c.mu.Lock()
	c.breakLink = func() { finish(errReconnect) }
	c.mu.Unlock()
	written := make(chan error, 1)
	go func() { // the connection's, which waits for it below; see write
		err := c.write(over, l)
		// The server may have closed and said why: the reader has this long to get there. An error means that the wire
		// is closed already.
		l.wire.endReading(time.Now().Add(closeTimeout))
		written <- err
	}()
	c.lastError = nil
	err = c.read(l)
	finish(err)
	<-closed
	writeErr := <-written
	c.giveUpOversized() // no read can do it any more
	if isTooBig(err) {
		c.dropLargest()
	}
	c.disconnected()
	var closeErr websocket.CloseError
	switch {
	case errors.As(err, &closeErr): // a write that failed because the server closed does not hide why it closed
		return err
	case errors.Is(err, os.ErrDeadlineExceeded): // a write failed, and no close frame came
		return writeErr
	}
	return context.Cause(over)
}

// disconnected queues what the next connection begins with: joins, sends without an ack and open calls.
func (c *Client) disconnected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live, c.breakLink = false, nil
	for _, call := range c.calls {
		call.written = false
	}
	for _, v := range c.conversations {
		if v.disconnected() {
			c.enqueue(v)
		}
	}
}
