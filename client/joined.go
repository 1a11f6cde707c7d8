package client

import (
	"fmt"
	"time"

	"verbatim/protocol"
)

// joinDelay is the minimum time before the client repeats a join or a read mark that the server could not take.
const joinDelay = time.Second

// joined begins the entries of a join.
func (c *Client) joined(r *reply) {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil || !v.requested {
		c.mu.Unlock()
		return
	}
	v.expected = r.First
	v.superseded = !isRef(r.Ref, v.ref) || v.due && !v.resumable
	if v.superseded {
		c.mu.Unlock()
		return
	}
	event := v.accept(r)
	repeated := v.resumes() && r.First <= v.joinedAt
	joinedAt := v.joinedAt
	v.resumable, v.log = true, r.Log
	v.learnSum(r.Last, r.Sum)
	v.outbox.setSince(r.Last)
	if v.marks.joined(r.Read); v.marks.due {
		c.enqueue(v)
	}
	c.mu.Unlock()
	c.wakeWriter()
	if repeated {
		c.reportViolation(Violation{
			Kind: Repeat, Conversation: v.id, Want: joinedAt + 1, Got: r.First,
			Detail: fmt.Sprintf("a join after seq %d begins at %d", joinedAt, r.First),
		})
	}
	if h := c.options.Handler.Joined; h != nil {
		h(event)
	}
}

// accept moves the cursor to where a join begins, and returns what to report of it. mu is held.
func (v *conversation) accept(r *reply) Joined {
	event := Joined{
		Conversation: v.id, Log: r.Log, First: r.First, Last: r.Last, Sum: r.Sum, Read: r.Read,
		Online: r.Online, Count: r.Count, Reads: r.Reads,
	}
	switch {
	case v.resumes():
		event.Resumed = true
		event.Missed = r.First - min(r.First, v.position()+1)
	case v.join.After.Set && !v.join.Follow:
		event.Resumed = true
		event.Missed = r.First - min(r.First, protocol.Seq(v.join.After.Value)+1)
	}
	if !event.Resumed || event.Missed > 0 || !v.resumable {
		v.cursor.Store(uint64(r.First - min(r.First, 1)))
	}
	return event
}

// joinFailed reports whether an error answers a join, and acts on it: it restarts the join if the record is another
// one, repeats it later, or gives it up.
func (c *Client) joinFailed(r *reply, err *protocol.Error) bool {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil || !isRef(r.Ref, v.ref) {
		c.mu.Unlock()
		return false
	}
	seq, log := v.position(), v.log
	if !v.resumable {
		seq, log = protocol.Seq(v.join.After.Value), v.join.Log
	}
	resuming := (v.resumable || v.join.After.Set) && v.wanted
	reset := resuming && err.Code == protocol.CodeReset
	truncated := resuming && err.Code == protocol.CodeBadRequest
	v.requested, v.ref, v.expected = false, 0, 0
	switch {
	case reset || truncated:
		v.restart()
		c.enqueue(v)
	case err.Code == protocol.CodeUnavailable:
		v.due = true
		c.enqueueAfter(v, max(err.RetryAfter, joinDelay))
	default:
		v.wanted, v.resumable = false, false
	}
	wanted := v.wanted
	c.mu.Unlock()
	c.wakeWriter()
	if !wanted {
		c.reportLeft(Left{Conversation: r.Conversation, Code: err.Code, Reason: err.Reason})
		return true
	}
	if truncated && log != "" {
		c.reportViolation(Violation{
			Kind: Truncated, Conversation: r.Conversation, Want: seq,
			Detail: fmt.Sprintf("seq %d of the log %s was delivered, and the server says: %s", seq, log, err.Reason),
		})
	}
	if reset || truncated {
		c.reportReset(Reset{Conversation: r.Conversation, Log: log, Seq: seq})
	}
	return true
}

// left ends the entries of a join.
func (c *Client) left(r *reply) {
	c.mu.Lock()
	if v := c.conversations[r.Conversation]; v != nil && (r.Code != "" || !v.requested) {
		v.expected = 0
		if r.Code != "" { // the server's decision: the client does not join again by itself
			v.requested, v.ref = false, 0
			v.wanted, v.due, v.resumable = false, false, false
		}
	}
	c.mu.Unlock()
	c.reportLeft(Left{Conversation: r.Conversation, Code: r.Code, Reason: r.Reason})
}
