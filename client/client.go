// Package client is a Go client of docs/protocol that stays connected.
//
// It promises: every entry of a joined conversation is delivered once and in order of seq, across reconnects and
// restarts of the server; every message that Send took is on the record once and in the order sent, however often the
// connection broke meanwhile, unless the server refused it, which is told; and whatever the server does against the
// contract (a gap, a repeat, a record that became shorter) is told as a Violation, never hidden.
//
// It keeps them with one idea: nothing is an event that must not be lost, everything is state that a new connection
// begins from. A joined conversation is a cursor (resumed with after, log, and an entry whose sum is known), the outbox
// is a list of sends without an ack (sent again with the same ids, prev and since), and a request for a page is asked
// until it is answered.
//
// # Concurrency
//
// A client has two goroutines while it is connected, and one while it is not. Run's own reads, and calls the Handler;
// it waits for the server and for the Handler, so that a slow Handler is a slow reader, which harms nobody (promise 6).
// The other writes, started by each connection and gone before the next one; it waits for something to say and for the
// socket. Neither waits for the other. All methods may be called from any goroutine, and from the Handler too, those
// excepted that wait for an answer (Send, SendWait, History, Ping, Drain, Close): the Handler is what brings the
// answers.
//
// # Errors
//
// A *protocol.Error is the server's word about one request. ErrClosed and ErrFull are the client's own. Whatever breaks
// a connection is told to Handler.Disconnected and mended; only what no new connection can mend ends Run.
package client

import (
	"context"
	"errors"
	"hash/maphash"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"verbatim/protocol"
)

// What a caller can do something about.
var (
	// ErrClosed answers what was asked of a client that has ended.
	ErrClosed = errors.New("client: closed")
	// ErrFull answers TrySend where Options.Unacked sends have no ack yet: try again after the next Ack.
	ErrFull = errors.New("client: as many sends as Options.Unacked allows have no ack yet: wait for one, or use Send, which waits")
)

// DefaultUnacked is how many sends may be without an ack where Options.Unacked says nothing.
const DefaultUnacked = 1024

// Options is what a client is made of. Only URL must be given.
type Options struct {
	URL     string          // ws://host:port, http://host:port or host:port; the path is /ws where it has none
	Name    protocol.UserID // "": the server makes one up, and it is kept across reconnects
	Header  http.Header     // of the upgrade, like Authorization
	Joins   []Join
	Handler Handler
	Unacked int // sends without an ack, at most; 0: DefaultUnacked
	Backoff Backoff
	// Dial opens the connection below HTTP; nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client is one user's session, renewed as often as it breaks.
type Client struct {
	options  Options
	address  string        // ws://host:port/ws
	slots    chan struct{} // holds one for each send without an ack; its capacity is the bound
	wake     chan struct{} // capacity 1, never closed: there is something to write
	draining chan struct{} // closed by Drain: no send is taken any more
	closing  chan struct{} // closed by Close
	ended    chan struct{} // closed when Run has returned
	welcomed chan struct{} // closed at the first welcome
	stop     sync.Once     // closes closing
	full     sync.Once     // closes draining
	drains   chan struct{} // capacity 1: holds one while a Drain is at work
	taken    atomic.Int64  // slots that the Drain at work has: once it has all, no send has one
	started  atomic.Bool   // Run was called
	stats    stats
	seed     maphash.Seed // of the hashes of entries

	mu            sync.Mutex // guards what follows, and of each conversation and call what is said there
	live          bool       // there is a connection, and it was welcomed
	conversations map[protocol.ConversationID]*conversation
	ready         []*conversation // those with something to write
	calls         []*call
	user          protocol.UserID
	limits        Limits
	refs          uint64
	cut           func() // breaks the connection that there is; nil: none

	// Owned by Run's goroutine.
	frame  []byte        // the frame being read; grows to the biggest one
	newest *conversation // whose entry came last: the next one's too, mostly
	entry  Entry
	said   *protocol.Error // this connection's last error that was about no request; why it is closed, maybe
}

// New makes a client; Run connects it.
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
		options: o, address: address, user: o.Name,
		slots: make(chan struct{}, o.Unacked), drains: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		draining: make(chan struct{}), closing: make(chan struct{}),
		ended: make(chan struct{}), welcomed: make(chan struct{}),
		conversations: map[protocol.ConversationID]*conversation{},
		frame:         make([]byte, 4096),
		limits:        defaultLimits(), seed: maphash.MakeSeed(),
	}
	for _, j := range o.Joins {
		if err := c.Join(j); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Dial makes a client, runs it in a goroutine of its own and waits for the server's first welcome. Close ends it. ctx
// bounds the waiting alone; where it ends first, the client is closed, and the error says what stood in the way.
func Dial(ctx context.Context, o Options) (*Client, error) {
	var why atomic.Pointer[error]
	told := o.Handler.Disconnected
	o.Handler.Disconnected = func(d Disconnected) {
		why.Store(&d.Err)
		if told != nil {
			told(d)
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
		if last := why.Load(); last != nil {
			return nil, *last
		}
		return nil, ctx.Err()
	}
}

// Run keeps the client connected until ctx ends, Close is called or the server refuses it for good; the cause is the
// error, ErrClosed after Close. When it returns, all goroutines of the client are gone. To be called once.
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

// Drain takes no more sends, waits until all that were taken are on the record or refused, at the latest until ctx
// ends, and then ends the client as Close does. A client whose Run was not called yet is waited for likewise. left is
// how many had no ack by then: they may or may not be on the record, and err is why it waited no longer. Not to be
// called from the Handler.
func (c *Client) Drain(ctx context.Context) (left int, err error) {
	c.full.Do(func() { close(c.draining) })
	select {
	case c.drains <- struct{}{}:
		defer func() { <-c.drains }()
	case <-ctx.Done(): // another Drain is at work, and ends the client
		return c.unsettled(), ctx.Err()
	}
	for err == nil && int(c.taken.Load()) < cap(c.slots) {
		select {
		case c.slots <- struct{}{}:
			c.taken.Add(1)
		case <-ctx.Done():
			err = ctx.Err()
		case <-c.ended:
			err = ErrClosed
		case <-c.closing:
			err = ErrClosed
		}
	}
	c.Close()
	if left = c.unsettled(); left == 0 {
		return 0, nil
	}
	return left, err
}

// unsettled is how many sends have no ack.
func (c *Client) unsettled() int { return max(0, len(c.slots)-int(c.taken.Load())) }

// Close ends the client and waits until its goroutines are gone. Sends without an ack may or may not be on the record.
// Not to be called from the Handler.
func (c *Client) Close() {
	c.stop.Do(func() { close(c.closing) })
	if c.started.Load() {
		<-c.ended
	}
}

// User is the name that the server knows this client by; "" before the first welcome of one that gave none.
func (c *Client) User() protocol.UserID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user
}

// Limits are the server's, as of the last welcome; the contract's own before the first.
func (c *Client) Limits() Limits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limits
}

// Reconnect breaks the connection that there is, as a fault of the network would: the client connects anew and resumes.
// For one that knows that its network has changed, and for drills.
func (c *Client) Reconnect() {
	c.mu.Lock()
	cut := c.cut
	c.mu.Unlock()
	if cut != nil {
		cut()
	}
}

// wakeWriter never blocks, and no wake is lost: one that is pending will see whatever there is.
func (c *Client) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// enqueue puts a conversation among those with something to write. mu is held.
func (c *Client) enqueue(v *conversation) {
	if !v.queued {
		v.queued = true
		c.ready = append(c.ready, v)
	}
}

// nextRef numbers a request. mu is held.
func (c *Client) nextRef() uint64 {
	c.refs++
	return c.refs
}

// abandon tells everybody who waits that nothing comes any more.
func (c *Client) abandon() {
	c.mu.Lock()
	calls := c.calls
	c.calls = nil
	var waiting []*outgoing
	for _, v := range c.conversations {
		waiting = append(waiting, v.items...)
		v.items = nil
	}
	c.mu.Unlock()
	for _, call := range calls {
		call.done <- answer{err: ErrClosed}
	}
	for _, item := range waiting {
		if item.settled != nil {
			item.settled <- outcome{err: ErrClosed}
		}
	}
}
