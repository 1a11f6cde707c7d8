// Package client is a Go client for docs/protocol that stays connected.
//
// It promises: each entry of a joined conversation is delivered once and in order of seq, across reconnects and
// restarts of the server. Each message that Send accepted is recorded once, in the order sent, however often the
// connection broke, unless the server refused it, which Handler.Refuse reports. And whatever the server does against
// the contract (a gap, a repeat, a record that lost entries) is reported as a Violation, never hidden.
//
// It keeps these promises with one idea: nothing is an event that must not be lost; everything is state from which a
// new connection continues. A joined conversation is a cursor (resumed with after, log, and an entry whose sum is
// known). The outbox is a list of sends without an ack (sent again with the same ids, prev and since). A request for
// a page is repeated until it is answered.
//
// # Concurrency
//
// A client has two goroutines while it is connected, and one while it is not. Run's own reads and calls the Handler, so
// callbacks are never called concurrently; it waits for the server and for the Handler. So a slow Handler makes a slow
// reader, which harms nobody (promise 6). The other writes; each connection starts one and ends it before the next
// connection. It waits for something to write and for the socket. Neither waits for the other. All methods may be
// called concurrently. All may be called from the Handler too, except those that wait for an answer (Send, SendWait, History,
// Ping, Drain, Close): only when the Handler returns can the answer be read.
//
// # Errors
//
// A *protocol.Error is the server's answer to one request. ErrClosed and ErrFull are the client's own. Any failure of a
// connection is reported to Handler.Disconnected, and the client reconnects. Only a failure that no new connection can
// mend ends Run.
//
// # Files
//
// run.go starts and ends a client; connect.go keeps it connected. read.go takes what the server sends and passes it to
// the file of its subject: joined.go, entries.go, acked.go, ephemeral.go, request.go. write.go asks the same subjects
// what to send: join.go, send.go, ephemeral.go, request.go, reset.go.
package client

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"verbatim/protocol"
)

// Client is one user's session, which it renews whenever the connection breaks. New or Dial make one.
type Client struct {
	// Fixed after New.
	options  Options
	address  string        // ws://host:port/ws
	hashSeed maphash.Seed  // for the hashes of entries
	slots    chan struct{} // has one for each send without an ack; its capacity is Options.Unacked
	wake     chan struct{} // capacity 1, never closed: there is something to write
	welcomed chan struct{} // closed at the first welcome
	draining chan struct{} // closed by Drain: the client accepts no more sends
	closing  chan struct{} // closed by Close
	ended    chan struct{} // closed when Run has returned
	drainer  chan struct{} // capacity 1: has one while a Drain waits

	startDrain sync.Once    // closes draining
	startClose sync.Once    // closes closing
	started    atomic.Bool  // Run was called
	drained    atomic.Int64 // slots that the waiting Drain holds: once it has all, no send has one
	stats      stats

	mu            sync.Mutex // guards the fields below, and those of conversations and calls that say so
	live          bool       // a connection was welcomed and has not ended
	breakLink     func()     // breaks the present connection; nil: there is none
	user          protocol.UserID
	limits        Limits
	lastRef       uint64
	conversations map[protocol.ConversationID]*conversation
	ready         []*conversation // those with something to write
	calls         []*call
	oversized     []*oversize // what the writer took out of the outboxes; Run's goroutine reports it

	// Owned by Run's goroutine.
	frame     []byte          // the frame being read; it grows to the largest
	newest    *conversation   // of the last entry: usually of the next one too
	entry     Entry           // passed to Handler.Entry
	lastError *protocol.Error // the connection's last error that answers no request: perhaps why it is closed
}

// User returns the name under which the server knows this client. It is empty before the first welcome if
// Options.Name is.
func (c *Client) User() protocol.UserID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user
}

// Limits returns the server's limits as of the last welcome. Before the first it returns those of docs/protocol.
func (c *Client) Limits() Limits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limits
}

// Stats returns the client's counters.
func (c *Client) Stats() Stats { return c.stats.snapshot() }

// Reconnect breaks the present connection, if there is one, as a network failure would. The client then connects again
// and resumes. A program calls it when it knows that its network has changed; fault drills call it too.
func (c *Client) Reconnect() {
	c.mu.Lock()
	breakLink := c.breakLink
	c.mu.Unlock()
	if breakLink != nil {
		breakLink()
	}
}

// of returns the conversation, which it makes if there is none. mu is held.
func (c *Client) of(id protocol.ConversationID) *conversation {
	v := c.conversations[id]
	if v == nil {
		v = &conversation{id: id}
		c.conversations[id] = v
	}
	return v
}

// nextRef numbers a request. mu is held.
func (c *Client) nextRef() uint64 {
	c.lastRef++
	return c.lastRef
}

// wakeWriter never blocks, and no wake is lost: the writer sees everything that was enqueued before a pending one.
func (c *Client) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// enqueue adds a conversation to those with something to write. mu is held.
func (c *Client) enqueue(v *conversation) {
	if !v.queued {
		v.queued = true
		c.ready = append(c.ready, v)
	}
}

// enqueueAfter does so when d has passed, and wakes the writer. mu is held.
func (c *Client) enqueueAfter(v *conversation, d time.Duration) {
	if d <= 0 {
		c.enqueue(v)
		c.wakeWriter()
		return
	}
	// The timer's goroutine waits only for mu. After the client's end it changes nothing that anybody can see.
	time.AfterFunc(d, func() {
		c.mu.Lock()
		c.enqueue(v)
		c.mu.Unlock()
		c.wakeWriter()
	})
}

// isEnding reports whether the client accepts no more sends.
func (c *Client) isEnding() bool {
	return isClosed(c.draining) || isClosed(c.closing) || isClosed(c.ended)
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
