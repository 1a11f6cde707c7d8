package session

import (
	"slices"
	"sync"
)

// maxCall is how many bytes go out in one write call: it bounds what a stalled reader keeps in memory.
const maxCall = 48 << 10

// writeBuffers hold what goes out in one call. They grow to what calls need.
var writeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// begin fills an outbound in. The first wake starts its writer.
func (o *outbound) begin(l *link) {
	o.link = l
	o.writer = func() { // waits for the client's socket; ends when there is nothing more to write
		defer o.work.running.Done()
		o.write()
	}
	l.conn.wire.control = o.control
}

// write is the session's writer: it waits for the client's socket and ends when there is nothing more to write. What
// comes while a call is under way gathers and goes out with the next one.
func (o *outbound) write() {
	buf := writeBuffers.Get().(*[]byte)
	for {
		n := o.pending.Load()
		for o.writeOnce(buf) {
		}
		o.rest()
		if o.pending.CompareAndSwap(n, 0) {
			break
		}
	}
	if cap(*buf) <= maxPooled {
		writeBuffers.Put(buf)
	}
}

// writeOnce makes one write call with what there is, and reports whether there was anything.
func (o *outbound) writeOnce(buf *[]byte) bool {
	out, entries, last := o.gather((*buf)[:0])
	*buf = out[:0]
	o.askResync()
	o.leaveWithdrawn()
	if len(out) == 0 {
		return false
	}

	if err := o.conn.wire.send(out, o.env.Limits.WriteTimeout); err != nil {
		o.fail(err)
		return false
	}
	o.env.Counters.Deliveries.Add(entries)
	o.env.Counters.BytesOut.Add(int64(len(out)))
	if last != nil {
		close(last)
	}
	return true
}

// gather takes what is due: replies first, then the conversations in turn. If the close frame goes out with it, last is
// the channel to close then.
func (o *outbound) gather(out []byte) (_ []byte, entries int64, last chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.takeWoken()
	if o.closeSent || o.gone() {
		return out, 0, nil
	}

	out = o.takeReplies(out)
	if o.closed == nil {
		out, entries = o.takeTurns(out)
	} else if o.backlog.inFlight == 0 || o.closeNow {
		out = append(out, o.closing...)
		o.closeSent = true
		last = o.closed
	}
	return out, entries, last
}

// takeReplies adds the replies, and the connection's own frames. mu is held.
func (o *outbound) takeReplies(out []byte) []byte {
	b := &o.backlog
	out = append(out, b.replies...)
	b.replies = b.replies[:0]
	b.shrunk()

	out = append(out, o.pong...)
	o.pong = o.pong[:0]
	if o.pingDue {
		out = append(out, 0x89, 0) // an empty ping (RFC 6455, 5.5.2)
		o.pingDue = false
		o.pingedAt.Store(sinceStart())
	}
	return out
}

// takeWoken moves the cursors that were woken to the end of the turns. mu is held.
func (o *outbound) takeWoken() {
	for c := o.woken.Swap(nil); c != nil; {
		next := c.next
		c.next = nil
		c.member.Awake() // from here on it may be put on the stack again
		if !c.queued {
			c.queued = true
			o.turns = append(o.turns, c)
		}
		c = next
	}
}

// takeTurns adds what the conversations have, until a call is full. A conversation that has more goes to the end of the
// turns. mu is held.
func (o *outbound) takeTurns(out []byte) (_ []byte, entries int64) {
	var again []*cursor
	done := 0
	for ; done < len(o.turns) && len(out) < maxCall; done++ {
		c := o.turns[done]
		var more bool
		out, more = c.take(out, maxCall-len(out))
		entries += c.written
		c.written = 0
		if c.queued = more; more {
			again = append(again, c)
		}
	}
	o.turns = append(slices.Delete(o.turns, 0, done), again...)
	return out, entries
}

// askResync asks for the ephemeral state of the conversations that fell behind. The hub's queue may be full, so mu is
// not held.
func (o *outbound) askResync() {
	for _, m := range o.resync {
		o.env.Hub.Resync(m)
	}
	o.resync = o.resync[:0]
}

// leaveWithdrawn has the joins that were withdrawn leave the hub. The hub's queue may be full, so mu is not held.
func (o *outbound) leaveWithdrawn() {
	if o.life == nil {
		return
	}
	lost := o.life.lost.Load()
	if lost == nil || len(lost.leaving) == 0 {
		return
	}
	for _, m := range lost.leaving {
		o.env.Hub.Leave(m)
	}
	o.mu.Lock()
	lost.leave()
	o.mu.Unlock()
}

// rest frees the memory that an idle session does not need.
func (o *outbound) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.backlog.replies) == 0 {
		o.backlog.replies = nil
	}
	if len(o.turns) == 0 {
		o.turns = o.oneTurn[:0]
	}
}
