package client

import (
	"strconv"
	"time"

	"verbatim/protocol"
)

// Read says that the user has read a joined conversation up to seq. It never waits. The client sends the newest mark,
// also after a reconnect. If the server refuses a mark, as beyond the last entry, the client takes it back and
// reports it to Handler.Refuse.
func (c *Client) Read(id protocol.ConversationID, seq protocol.Seq) {
	c.mu.Lock()
	if v := c.conversations[id]; v != nil && v.wanted && v.marks.move(seq) {
		c.enqueue(v)
	}
	c.mu.Unlock()
	c.wakeWriter()
}

// Typing says that the user is typing in a joined conversation. Call it at each key: the client tells the server at
// most once in 3 s, and at the first key after a message. It never waits. Without a connection it does nothing.
func (c *Client) Typing(id protocol.ConversationID) {
	now := time.Now()
	c.mu.Lock()
	v := c.conversations[id]
	if v == nil || !v.resumable || !c.live || now.Sub(v.typing.sent) < typingInterval {
		c.mu.Unlock()
		return
	}
	v.typing = typing{due: true, sent: now}
	c.enqueue(v)
	c.mu.Unlock()
	c.wakeWriter()
}

// appendEphemeral adds the read mark or the typing that is due, if this connection's join was accepted. mu is held.
func (c *Client) appendEphemeral(dst []byte, v *conversation) []byte {
	switch {
	case !v.requested || !v.resumable:
	case v.marks.due:
		ref := c.nextRef()
		dst = appendRequest(dst, "read", v.id)
		dst = appendNumber(dst, "seq", uint64(v.marks.newest))
		dst = appendRef(dst, ref)
		v.marks.wrote(ref)
	case v.typing.due:
		v.typing.due = false
		dst = append(appendRequest(dst, "typing", v.id), '}')
	}
	return dst
}

// readFailed reports whether an error answers a read mark, and acts on it: it sends the mark again later, or takes it
// back.
func (c *Client) readFailed(r *reply, err *protocol.Error) bool {
	ref, bad := strconv.ParseUint(r.Ref, 10, 64)
	if bad != nil {
		return false
	}
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil {
		c.mu.Unlock()
		return false
	}
	newest := v.marks.newest
	if !v.marks.refused(ref) {
		c.mu.Unlock()
		return false
	}
	retry := err.Code == protocol.CodeUnavailable || err.Code == protocol.CodeRateLimited
	if retry {
		v.marks.newest, v.marks.due = newest, true
		c.enqueueAfter(v, max(err.RetryAfter, joinDelay))
	}
	c.mu.Unlock()
	if !retry {
		c.reportRefusal(Refusal{Conversation: r.Conversation, Err: err})
	}
	return true
}
