package session

import (
	"sync"
	"sync/atomic"

	"verbatim/hub"
	"verbatim/protocol"
)

// outbound is what goes to the client: replies, the connection's own frames, and the entries of the cursors that have
// something to write. Any goroutine may add to it; the session's writer takes (writer.go).
type outbound struct {
	*link // fixed

	// Guarded by mu, which nobody holds while waiting for anything. work.mu may be locked under it (cursor.Wake).
	mu      sync.Mutex
	backlog backlog
	turns   []*cursor  // cursors with something to write, in turn
	oneTurn [1]*cursor // where turns is while one conversation has something: so that a wake allocates nothing
	blocks  int        // fetched and not written to their end, or being fetched
	starved []*cursor  // cursors that wait for one of maxBlocks

	// The connection's own frames, guarded by mu.
	pong      []byte        // the answer to the newest ping (RFC 6455, 5.5.3: older ones need none)
	closing   []byte        // the close frame
	closed    chan struct{} // made by finish: only replies go out any more, then the close frame, then it is closed
	pingDue   bool          // a ping of ours is to go out
	closeNow  bool          // the close frame goes out though sends are on their way
	closeSent bool          // nothing goes out any more

	sample uint8 // counts runs of entries, for Latency; owned by the writer

	// Waking: from any goroutine.
	pending  atomic.Int32           // wakes since the writer last looked; above 0: it runs
	woken    atomic.Pointer[cursor] // a stack of cursors that hub has woken
	pingedAt atomic.Int64           // when our newest ping went out (sinceStart); 0: it is still to go

	writer func()        // write and what comes after it: made once, so that starting it allocates nothing
	resync []*hub.Member // whose ephemeral state must be asked for; owned by the writer
}

// reply queues a frame for the client, in order with all other replies. It may be called from any goroutine.
func reply[R protocol.Reply](o *outbound, r R) {
	o.mu.Lock()
	o.backlog.replies = protocol.FrameTo(o.backlog.replies, r)
	o.mu.Unlock()
	o.wake()
}

// wake makes sure that the writer looks. If it runs already, that is one atomic addition; otherwise it is started.
func (o *outbound) wake() {
	if o.pending.Add(1) == 1 {
		o.work.start(o.writer)
	}
}

// control takes a control frame from the library: the answer to a ping, or a close.
func (o *outbound) control(frame []byte) {
	const closes, pongs = 0x88, 0x8a
	o.mu.Lock()
	switch frame[0] {
	case pongs:
		o.pong = append(o.pong[:0], frame...)
	case closes:
		if o.closing == nil {
			o.closing = append([]byte(nil), frame...)
		}
	}
	o.mu.Unlock()
	o.wake()
}

// ping queues a ping of ours.
func (o *outbound) ping() {
	o.pingedAt.Store(0)
	o.mu.Lock()
	o.pingDue = true
	o.mu.Unlock()
	o.wake()
}

// owes reports whether entries are still to be written, and perhaps being fetched.
func (o *outbound) owes() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.turns) > 0 || o.blocks > 0 || o.woken.Load() != nil
}

// sends adds a send on its way to the record, of size bytes. A negative size takes one away that was not queued.
func (o *outbound) sends(size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.backlog.inFlight += size
}

// waitForRoom returns a channel that is closed when the backlog is within its limits, or nil if it is now. Only the
// reader calls it.
func (o *outbound) waitForRoom() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.backlog.wait()
}
