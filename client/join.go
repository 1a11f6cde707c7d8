package client

import "verbatim/protocol"

// Join keeps a conversation joined from now on, across reconnects. Handler.Joined reports each time that the server
// accepts it, Handler.Left that the server refuses or ends it. A conversation that is joined already is joined again,
// from where this Join says. Join never waits. The error says what is wrong with j.
func (c *Client) Join(j Join) error {
	if err := j.check(); err != nil {
		return err
	}
	c.mu.Lock()
	v := c.of(j.Conversation)
	v.recheck.invalidate() // the caller decides from where on
	v.join, v.wanted, v.due = j, true, true
	v.resumable, v.log, v.receipt = false, "", receipt{}
	c.enqueue(v)
	c.mu.Unlock()
	c.wakeWriter()
	return nil
}

// Leave ends a join. After Handler.Left nothing of the conversation comes any more. Leave never waits; for a
// conversation that is not joined it does nothing.
func (c *Client) Leave(id protocol.ConversationID) {
	c.mu.Lock()
	if v := c.conversations[id]; v != nil && v.wanted {
		v.wanted, v.due, v.resumable = false, true, false
		c.enqueue(v)
	}
	c.mu.Unlock()
	c.wakeWriter()
}

// Position returns the seq that was delivered last, and its log. They are "" and 0 if the conversation is not known. A
// later client continues from there with Join.After and Join.Log; see Resume. Within a callback the result is exact;
// elsewhere the next entry may be under way.
func (c *Client) Position(id protocol.ConversationID) (protocol.LogID, protocol.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.conversations[id]
	if v == nil {
		return "", 0
	}
	return v.log, v.position()
}

// Resume returns the Join with which a later client continues after the last delivered entry, of the same record. ok
// is false if no join of the conversation was accepted yet. Within a callback the result is exact; elsewhere the next
// entry may be under way.
func (c *Client) Resume(id protocol.ConversationID) (j Join, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.conversations[id]
	if v == nil || !v.resumable {
		return Join{}, false
	}
	return Join{
		Conversation: id, Follow: v.join.Follow,
		After: protocol.Number{Value: v.cursor.Load(), Set: true}, Log: v.log,
		Known: v.receipt.seq, Sum: v.receipt.sum,
	}, true
}

// Receipt returns the newest entry of a joined conversation whose sum this client was told, by a joined or an ack, and
// that sum. They are 0 and "" if there is none. The record has that entry with that sum. If the server's data is
// replaced by an older copy, it has not.
func (c *Client) Receipt(id protocol.ConversationID) (protocol.Seq, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.conversations[id]
	if v == nil {
		return 0, ""
	}
	return v.receipt.seq, v.receipt.sum
}

// appendJoin adds the join or leave that is due, or nothing if the server need not be told. mu is held.
func (c *Client) appendJoin(dst []byte, v *conversation) []byte {
	v.due = false
	if !v.wanted {
		if !v.requested {
			return dst
		}
		v.requested, v.ref = false, 0
		return append(appendRequest(dst, "leave", v.id), '}')
	}
	v.requested, v.ref, v.joinedAt = true, c.nextRef(), v.position()
	if v.resumes() {
		v.recheck.start(v.joinedAt, v.receipt)
	}
	dst = appendRequest(dst, "join", v.id)
	dst = v.appendPosition(dst)
	return appendRef(dst, v.ref)
}
