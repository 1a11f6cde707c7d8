package session

import (
	"context"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	// fetchBlock is how much of the record is read at a time, in bytes.
	fetchBlock = 64 << 10
	// fetchRetry is how long after a read that failed it is tried again.
	fetchRetry = 500 * time.Millisecond
	// maxBlocks bounds the blocks that a session's cursors have fetched, or are fetching, whatever it has joined.
	maxBlocks = 4
)

// mayFetch takes one of the session's blocks, and reports whether there was one. If not, the cursor waits for one. mu
// is held.
func (o *outbound) mayFetch(c *cursor) bool {
	if o.blocks < maxBlocks {
		o.blocks++
		return true
	}
	if !c.starved {
		c.starved = true
		o.starved = append(o.starved, c)
	}
	return false
}

// freeBlock frees a block, and wakes a cursor that waits for one. mu is held.
func (o *outbound) freeBlock() {
	o.blocks--
	for len(o.starved) > 0 {
		c := o.starved[0]
		o.starved = o.starved[1:]
		if c.starved = false; !c.gone {
			c.member.Wake()
			return
		}
	}
	o.starved = nil
}

// dropBlock frees the cursor's block, if there is one. out.mu is held.
func (c *cursor) dropBlock() {
	if c.block != nil {
		c.block = nil
		c.out.freeBlock()
	}
}

// startFetch reads a block in a goroutine of the session's own. It waits for a place among the fetches, for the disk
// and, within a time limit, for Redis, and ends with one block. Neither the reader nor the writer waits for it.
func (c *cursor) startFetch(from, to protocol.Seq) {
	o := c.out
	o.work.start(func() {
		defer o.work.running.Done()
		if !o.env.fetches.take(o.dead, nil) {
			return
		}
		if o.gone() { // both were true: nothing is read for nobody
			o.env.fetches.release()
			return
		}
		block, err := c.read(context.WithoutCancel(o.ctx), from, to)
		o.env.fetches.release()
		c.fetched(block, err)
	})
}

// fetched takes in the block that was read, or waits and asks for another try.
func (c *cursor) fetched(block *persistence.Entries, err error) {
	o := c.out
	ends := err != nil && o.over()
	if err != nil && !ends {
		o.tellUnread(c.member.Conversation.ID, err)
		o.sleep(fetchRetry)
	}

	o.mu.Lock()
	c.fetch = false
	if c.block = block; block == nil {
		o.freeBlock()
	} else if c.gone {
		c.dropBlock()
	}
	o.mu.Unlock()
	if !ends { // else it would be tried again at once, and fail again
		c.member.Wake()
	}
}

// read reads a block of the cursor's log, or nothing if the cursor has stopped. A session that joined before the first
// entry made the log learns here which one it is.
func (c *cursor) read(ctx context.Context, from, to protocol.Seq) (*persistence.Entries, error) {
	store, id := c.out.env.Store, c.member.Conversation.ID
	if c.left() {
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

// left reports whether the cursor has stopped while its fetch waited for its place.
func (c *cursor) left() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.gone
}
