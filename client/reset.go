package client

import "hash/maphash"

// appendRecheck requests the entry that shows whether the record is still the same; see recheck. mu is held.
func (c *Client) appendRecheck(dst []byte, v *conversation) []byte {
	v.recheck.ref = c.nextRef()
	dst = appendRequest(dst, "history", v.id)
	dst = appendNumber(dst, "after", uint64(v.recheck.seq)-1)
	dst = appendNumber(dst, "before", uint64(v.recheck.seq)+1)
	dst = appendNumber(dst, "limit", 1)
	return appendRef(dst, v.recheck.ref)
}

// rechecked reports whether a reply answers such a request. If the entry is another one, the client joins the
// conversation from the start. An error leaves the check without a result.
func (c *Client) rechecked(r *reply) bool {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil || !isRef(r.Ref, v.recheck.ref) {
		c.mu.Unlock()
		return false
	}
	if len(r.Messages) == 0 {
		v.recheck.disconnected()
		c.mu.Unlock()
		return true
	}
	seq, hash := v.recheck.seq, v.recheck.hash
	v.recheck.clear()
	if hash == 0 || !v.wanted || maphash.Bytes(c.hashSeed, r.Messages[0]) == hash {
		c.mu.Unlock()
		return true
	}
	log := v.log
	v.restart()
	c.enqueue(v)
	c.mu.Unlock()
	c.wakeWriter()
	c.reportReset(Reset{Conversation: r.Conversation, Log: log, Seq: seq})
	return true
}
