package session

import (
	"context"
	"time"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	// fetchBlock is how much of the record is read at a time.
	fetchBlock = 64 << 10
	// fetchRetry is when a read that failed is tried again.
	fetchRetry = 500 * time.Millisecond
)

// fetching bounds how many sessions of the process read history or the record at the same time, and so the memory of
// their blocks.
var fetching = make(chan struct{}, 64)

// cursor is a session's place in one conversation: entries up to `at` are written, and what comes after them comes
// from the ring where it is recent, from history or the record where it is old. There is no seam between the two: the
// next entry is always at+1, wherever it is found (docs/protocol, promises 3 and 5).
type cursor struct {
	session *Session
	member  hub.Member
	log     protocol.LogID // "": there was none at the join; owned by the fetch after that

	// Guarded by session.mu.
	active  bool               // its `joined` is queued
	gone    bool               // left, or joined anew: nothing more of it is written
	queued  bool               // it stands in session.turns
	at      protocol.Seq       // written up to here
	last    protocol.Seq       // known to be on the record
	block   *persistence.Batch // what was fetched and is not written to its end
	fetch   bool               // a fetch is under way, or will be tried again
	starved bool               // it stands in session.starved
	next    *cursor            // in session.woken; owned by who swaps the member's flag until the writer takes it
	written int64              // entries written in this gather, for the counter
}

// Wake implements hub.Waker: it puts the cursor on the session's stack and sees to it that the writer runs. Only who
// sets the member's flag calls it, so that a cursor stands on the stack at most once.
func (c *cursor) Wake() {
	s := c.session
	for {
		top := s.woken.Load()
		c.next = top
		if s.woken.CompareAndSwap(top, c) {
			break
		}
	}
	s.wake()
}

// take adds what the client should get next of this conversation, up to about room bytes. more says that there is
// more at once. session.mu is held.
func (c *cursor) take(out []byte, room int) (_ []byte, more bool) {
	if !c.active || c.gone {
		return out, false
	}
	var behind bool
	if out, behind = c.member.Ephemera(out); behind {
		c.session.resync = append(c.session.resync, &c.member)
	}
	if c.member.Kind == hub.Following {
		frame, last := c.member.Newest(c.at)
		c.at = last
		return append(out, frame...), false
	}
	c.last = max(c.last, c.member.Last())
	for start := len(out); c.at < c.last; {
		if len(out)-start >= room {
			return out, true
		}
		b := c.batch()
		if b == nil {
			return out, false // the fetch wakes it
		}
		frames, last := b.Run(c.at+1, room-(len(out)-start))
		out = append(out, frames...)
		c.written += int64(last - c.at)
		c.at = last
		if last == b.Last() {
			c.done(b)
		}
	}
	return out, false
}

// batch finds the next entry: in the block that was fetched, or in the ring; else it starts a fetch.
func (c *cursor) batch() *persistence.Batch {
	next := c.at + 1
	if c.block != nil && c.block.Holds(next) {
		return c.block
	}
	c.dropBlock()
	if b := c.member.Find(next); b != nil {
		return b
	}
	if !c.fetch && c.session.mayFetch(c) {
		c.fetch = true
		c.startFetch(next, c.last)
	}
	return nil
}

// mayFetch takes one of the session's blocks, or puts the cursor among those that wait for one. mu is held.
func (s *Session) mayFetch(c *cursor) bool {
	if s.blocks < maxBlocks {
		s.blocks++
		return true
	}
	if !c.starved {
		c.starved = true
		s.starved = append(s.starved, c)
	}
	return false
}

// letGo gives a block back, to who waits for one. mu is held.
func (s *Session) letGo() {
	s.blocks--
	for len(s.starved) > 0 {
		c := s.starved[0]
		s.starved = s.starved[1:]
		if c.starved = false; !c.gone {
			c.member.Wake()
			return
		}
	}
	s.starved = nil
}

// dropBlock lets go of the block, if there is one. session.mu is held.
func (c *cursor) dropBlock() {
	if c.block != nil {
		c.block = nil
		c.session.letGo()
	}
}

// stop ends the cursor: nothing more of it is written. session.mu is held.
func (c *cursor) stop() {
	c.gone = true
	c.dropBlock()
}

// done lets go of a batch that is written to its end.
func (c *cursor) done(b *persistence.Batch) {
	if b == c.block {
		c.dropBlock()
		return
	}
	c.session.observe(b)
	c.member.Passed()
}

// startFetch reads a block in a goroutine of the session's own, which waits for a place among the fetches, for the disk
// and, within a time limit, for Redis, and ends with one block. Neither the reader nor the writer waits for it.
func (c *cursor) startFetch(from, to protocol.Seq) {
	c.session.start(func() {
		s := c.session
		defer s.working.Done()
		select {
		case fetching <- struct{}{}:
		case <-s.dead:
			return
		}
		if s.gone() { // both were true: nothing is read for nobody
			<-fetching
			return
		}
		block, err := c.read(context.WithoutCancel(s.ctx), from, to)
		<-fetching
		ends := err != nil && s.over()
		if err != nil && !ends {
			s.tellUnread(c.member.Conversation.ID, err)
			s.sleep(fetchRetry)
		}
		s.mu.Lock()
		c.fetch = false
		if c.block = block; block == nil {
			s.letGo()
		} else if c.gone {
			c.dropBlock()
		}
		s.mu.Unlock()
		if !ends { // else it would be tried again at once, and fail again
			c.member.Wake()
		}
	})
}

// read reads a block of the cursor's log. Who joined before the first entry made the log learns here which one it is.
func (c *cursor) read(ctx context.Context, from, to protocol.Seq) (*persistence.Batch, error) {
	store, id := c.session.env.Store, c.member.Conversation.ID
	if c.session.left(c) {
		return nil, nil
	}
	if c.log == "" {
		tail, err := store.Tail(id)
		if err != nil {
			return nil, err
		}
		c.log = tail.Log
	}
	return store.Read(ctx, id, c.log, from, to, fetchBlock)
}

// left says whether a cursor has stopped while its fetch waited for its place.
func (s *Session) left(c *cursor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.gone
}

// observe measures publish to deliver on a sample of the writes.
func (s *Session) observe(b *persistence.Batch) {
	s.sample++
	if s.sample%16 == 0 && b.At != 0 && s.env.Latency != nil {
		s.env.Latency(time.Since(b.At.Std()).Seconds())
	}
}
