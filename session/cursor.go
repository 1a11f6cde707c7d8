package session

import (
	"time"

	"verbatim/hub"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
)

// cursor is a session's place in one conversation: entries up to `at` are written, and what comes after them comes
// from the ring if it is recent, from history or the record if it is old. There is no seam between the two: the next
// entry is always at+1, wherever it is found (docs/protocol, promises 3 and 5).
type cursor struct {
	out    *outbound // fixed
	member hub.Member
	log    protocol.LogID // "": there was none at the join; owned by the fetch after that

	// Guarded by out.mu.
	active  bool                 // its `joined` is queued
	gone    bool                 // left, or joined again: nothing more of it is written
	queued  bool                 // it is in out.turns
	at      protocol.Seq         // written up to here
	last    protocol.Seq         // known to be on the record
	block   *persistence.Entries // what was fetched and is not written to its end
	fetch   bool                 // a fetch is under way, or will be tried again
	starved bool                 // it is in out.starved
	weighed uint64               // the weighing that allowed it
	written int64                // entries written in this gather, for the counter

	next *cursor // in out.woken; owned by the goroutine that set the member's flag, until the writer takes it
}

var _ hub.Waker = (*cursor)(nil)

// Wake implements hub.Waker: it puts the cursor on the session's stack and makes sure that the writer runs. Only the
// goroutine that sets the member's flag calls it, so a cursor is on the stack at most once. It may be called under
// out.mu.
func (c *cursor) Wake() {
	o := c.out
	for {
		top := o.woken.Load()
		c.next = top
		if o.woken.CompareAndSwap(top, c) {
			break
		}
	}
	o.wake()
}

// begin queues `joined`, and c's entries after it. old, the cursor of an earlier join or nil, stops at that point.
func (c *cursor) begin(old *cursor, joined *protocol.Joined) {
	o := c.out
	o.mu.Lock()
	if old != nil {
		old.stop()
	}
	o.backlog.replies = protocol.FrameTo(o.backlog.replies, *joined)
	c.active = true
	o.mu.Unlock()
}

// end stops the cursor and queues `left`. Nothing of the conversation comes after it, since both happen under one lock.
func (c *cursor) end(left protocol.Left) {
	o := c.out
	o.mu.Lock()
	c.stop()
	o.backlog.replies = protocol.FrameTo(o.backlog.replies, left)
	o.mu.Unlock()
	o.wake()
}

// stop ends the cursor: nothing more of it is written. out.mu is held.
func (c *cursor) stop() {
	c.gone = true
	c.dropBlock()
}

// take adds what the client should get next of this conversation, up to about limit bytes. It reports whether there is
// more at once. The permission is asked for after the entries are found: so what was committed after a change of the
// policy is not among them. out.mu is held.
func (c *cursor) take(out []byte, limit int) (_ []byte, more bool) {
	if !c.active || c.gone {
		return out, false
	}

	found, more := c.find(out, limit)
	if !c.allowed() {
		c.written = 0
		return c.withdraw(found[:len(out)]), false
	}
	return found, more
}

// find adds what the client should get next, whether it may read that or not. out.mu is held.
func (c *cursor) find(out []byte, limit int) (_ []byte, more bool) {
	var behind bool
	if out, behind = c.member.Ephemera(out); behind {
		c.out.resync = append(c.out.resync, &c.member)
	}
	if c.member.Kind == hub.Following {
		frame, last := c.member.Newest(c.at)
		c.at = last
		return append(out, frame...), false
	}

	c.last = max(c.last, c.member.Last())
	for start := len(out); c.at < c.last; {
		if len(out)-start >= limit {
			return out, true
		}
		b := c.entries()
		if b == nil {
			return out, false // the fetch wakes it
		}
		frames, last := b.Run(c.at+1, limit-(len(out)-start))
		out = append(out, frames...)
		c.written += int64(last - c.at)
		c.at = last
		if last == b.Last() {
			c.done(b)
		}
	}
	return out, false
}

// entries returns entries with the next one: the block that was fetched, or one of the ring. If neither has it, it
// starts a fetch and returns nil.
func (c *cursor) entries() *persistence.Entries {
	next := c.at + 1
	if c.block != nil && c.block.Holds(next) {
		return c.block
	}
	c.dropBlock()
	if b := c.member.Find(next); b != nil {
		return b
	}
	if !c.fetch && c.out.mayFetch(c) {
		c.fetch = true
		c.startFetch(next, c.last)
	}
	return nil
}

// done lets go of entries that are written to their end.
func (c *cursor) done(b *persistence.Entries) {
	if b == c.block {
		c.dropBlock()
		return
	}
	c.out.observe(b)
	c.member.Passed()
}

// observe measures publish to deliver on a sample of the writes. Only the writer calls it.
func (o *outbound) observe(b *persistence.Entries) {
	o.sample++
	if o.sample%16 == 0 && b.At != 0 && o.env.Latency != nil {
		o.env.Latency(time.Since(b.At.Std()).Seconds())
	}
}

// allowed reports whether the user may still read the conversation. It asks only after a change. out.mu is held.
func (c *cursor) allowed() bool {
	if c.out.env.Policy == nil {
		return true
	}
	weighing := c.out.env.Policy.Generation() + 1 // 0: it was not asked yet
	if weighing == c.weighed {
		return true
	}
	if !c.out.may(permissions.Read, c.member.Conversation.ID) {
		return false
	}
	c.weighed = weighing
	return true
}

// lose stops the cursor and queues `left`, unless the writer has done so. The reader calls it.
func (c *cursor) lose() {
	o := c.out
	o.mu.Lock()
	if !c.gone {
		c.stop()
		o.backlog.replies = protocol.FrameTo(o.backlog.replies, withdrawn(c.member.Conversation.ID))
	}
	o.mu.Unlock()
	o.wake()
}

// withdraw stops the cursor and adds `left`. The writer calls it. out.mu is held.
func (c *cursor) withdraw(out []byte) []byte {
	c.stop()
	c.out.life.lose(&c.member)
	return protocol.FrameTo(out, withdrawn(c.member.Conversation.ID))
}
