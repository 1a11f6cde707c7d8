package client

import (
	"context"
	"errors"
	"hash/maphash"
	"sync/atomic"

	"verbatim/protocol"
)

// New makes a client. It does not connect: call Run. The error says what is wrong with the options.
func New(o Options) (*Client, error) {
	address, err := endpoint(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Unacked <= 0 {
		o.Unacked = DefaultUnacked
	}
	o.Backoff = o.Backoff.withDefaults()
	c := &Client{
		options: o, address: address, user: o.Name, limits: defaultLimits(), hashSeed: maphash.MakeSeed(),
		slots: make(chan struct{}, o.Unacked), wake: make(chan struct{}, 1),
		welcomed: make(chan struct{}), ended: make(chan struct{}),
		draining: make(chan struct{}), closing: make(chan struct{}), drainer: make(chan struct{}, 1),
		conversations: map[protocol.ConversationID]*conversation{},
		frame:         make([]byte, 4096),
	}
	for _, j := range o.Joins {
		if err := c.Join(j); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Dial makes a client, runs it in a goroutine of its own and waits for the server's first welcome. The caller must
// call Close or Drain, which end that goroutine. ctx bounds only this wait: if it ends first, the client is closed, and
// the error is that of the last connection attempt, or ctx.Err() if there was none.
func Dial(ctx context.Context, o Options) (*Client, error) {
	var last atomic.Pointer[error]
	report := o.Handler.Disconnected
	o.Handler.Disconnected = func(d Disconnected) {
		last.Store(&d.Err)
		if report != nil {
			report(d)
		}
	}
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	ran := make(chan error, 1)
	go func() { ran <- c.Run(context.Background()) }() // the client's; ends with Close, which waits for it
	select {
	case <-c.welcomed:
		return c, nil
	case err := <-ran:
		return nil, err
	case <-ctx.Done():
		c.Close()
		if err := last.Load(); err != nil {
			return nil, *err
		}
		return nil, ctx.Err()
	}
}

// Run keeps the client connected until ctx ends, Close is called or the server refuses it for good, and returns why:
// the cause of ctx, ErrClosed or the refusal. All goroutines of the client have ended by then. Call it once.
func (c *Client) Run(ctx context.Context) error {
	if c.started.Swap(true) {
		return errors.New("client: run: it was called before: make a new client")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	closed := make(chan struct{})
	go func() { // Run's, which waits for it below; waits for Close; ends with ctx
		defer close(closed)
		select {
		case <-c.closing:
			cancel(ErrClosed)
		case <-ctx.Done():
		}
	}()
	err := c.stayConnected(ctx)
	cancel(nil)
	<-closed
	c.abandon()
	close(c.ended)
	return err
}

// Drain ends the client when all its sends are on the record or refused. From the call on, the client accepts no more
// sends. Drain also waits if Run is yet to be called. If ctx ends first, or the client ends by itself, unacked is how
// many sends have no ack, which may or may not be on the record, and err says why Drain did not wait longer. Else both
// are zero. Do not call it from the Handler.
func (c *Client) Drain(ctx context.Context) (unacked int, err error) {
	c.startDrain.Do(func() { close(c.draining) })
	select {
	case c.drainer <- struct{}{}:
		defer func() { <-c.drainer }()
	case <-ctx.Done(): // another Drain waits, and will end the client
		return c.unacked(), ctx.Err()
	}
	for err == nil && int(c.drained.Load()) < cap(c.slots) {
		select {
		case c.slots <- struct{}{}:
			c.drained.Add(1)
		case <-ctx.Done():
			err = ctx.Err()
		case <-c.ended:
			err = ErrClosed
		case <-c.closing:
			err = ErrClosed
		}
	}
	c.Close()
	if unacked = c.unacked(); unacked == 0 {
		return 0, nil
	}
	return unacked, err
}

// unacked returns how many sends have no ack.
func (c *Client) unacked() int { return max(0, len(c.slots)-int(c.drained.Load())) }

// Close ends the client and waits until its goroutines have ended. Sends without an ack may or may not be on the
// record. Do not call it from the Handler.
func (c *Client) Close() {
	c.startClose.Do(func() { close(c.closing) })
	if c.started.Load() {
		<-c.ended
	}
}

// abandon fails whatever still waits for an answer.
func (c *Client) abandon() {
	c.mu.Lock()
	calls := c.calls
	c.calls = nil
	var sends []*outgoing
	for _, v := range c.conversations {
		sends = append(sends, v.outbox.sends...)
		v.outbox.sends = nil
	}
	c.mu.Unlock()
	for _, call := range calls {
		call.done <- answer{err: ErrClosed}
	}
	for _, s := range sends {
		s.complete(completion{err: ErrClosed})
	}
}
