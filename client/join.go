package client

import (
	"fmt"
	"strconv"
	"time"

	"verbatim/protocol"
)

// LiveOnly as a Join's Limit asks for no entries but new ones.
const LiveOnly = -1

// maxName is how many bytes a log and a sum have at most, as every name on the wire.
const maxName = 64

// joinDelay is how long, at least, the client waits before it asks again for a join that the server put off.
const joinDelay = time.Second

// Join says which conversation is to be joined, and from where on.
type Join struct {
	Conversation protocol.ConversationID
	Follow       bool            // without the entries: Handler.Last tells how far it has come
	Limit        int             // how many entries before the join come first; 0: 50; LiveOnly: none
	After        protocol.Number // where it is set: all entries after this seq, and Limit means nothing
	Log          protocol.LogID  // beside After: the log that the seq is of; where it is gone, Handler.Reset tells
	Known        protocol.Seq    // beside After: an entry whose sum is Sum; where the record has another, Handler.Reset tells
	Sum          string          // Known's
}

// Join keeps a conversation joined from now on, across reconnects. Handler.Joined tells when it is, Handler.Left when the
// server refuses or ends it. What is joined already is joined anew, from where this Join says. It never waits.
func (c *Client) Join(j Join) error {
	if !j.Conversation.Valid() {
		return protocol.InvalidConversation(string(j.Conversation))
	}
	if j.Limit > protocol.MaxPage {
		return fmt.Errorf("client: join: Limit is %d, and at most %d", j.Limit, protocol.MaxPage)
	}
	if len(j.Log) > maxName || len(j.Sum) > maxName {
		return fmt.Errorf("client: join: Log and Sum are as Position and Receipt return them, of at most %d bytes", maxName)
	}
	c.mu.Lock()
	v := c.of(j.Conversation)
	v.proof.outdated() // it is the owner who says from where on
	v.join, v.wanted, v.due, v.begun, v.log, v.receipt = j, true, true, false, "", receipt{}
	c.enqueue(v)
	c.mu.Unlock()
	c.wakeWriter()
	return nil
}

// Leave ends a join. Handler.Left tells when nothing of it comes any more. It never waits.
func (c *Client) Leave(id protocol.ConversationID) {
	c.mu.Lock()
	if v := c.conversations[id]; v != nil && v.wanted {
		v.wanted, v.due, v.begun = false, true, false
		c.enqueue(v)
	}
	c.mu.Unlock()
	c.wakeWriter()
}

// Position is where a join stands: the seq delivered last, and its log. A later client goes on from there with After and
// Log, and Known and Sum as Receipt says them. Called from the Handler it is exact.
func (c *Client) Position(id protocol.ConversationID) (protocol.LogID, protocol.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.conversations[id]
	if v == nil {
		return "", 0
	}
	return v.log, protocol.Seq(v.at.Load())
}

// Resume returns the Join with which a later client goes on where this one stands: the entry delivered last, and which
// record it is of. Called from the Handler it is exact. ok is false where nothing of the conversation is known yet.
func (c *Client) Resume(id protocol.ConversationID) (j Join, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.conversations[id]
	if v == nil || !v.begun {
		return Join{}, false
	}
	return Join{
		Conversation: id, Follow: v.join.Follow, After: protocol.Number{Value: v.at.Load(), Set: true}, Log: v.log,
		Known: v.receipt.seq, Sum: v.receipt.sum,
	}, true
}

// Receipt returns the newest entry of a joined conversation whose sum this client was told, by a joined or an ack, and that
// sum; 0 and "" where there is none. The record that this client reads has that entry with that sum; after an older copy of
// the data was put back it has not.
func (c *Client) Receipt(id protocol.ConversationID) (protocol.Seq, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.conversations[id]
	if v == nil {
		return 0, ""
	}
	return v.receipt.seq, v.receipt.sum
}

// appendJoin adds the join or leave that is due. mu is held.
func (c *Client) appendJoin(dst []byte, v *conversation) []byte {
	v.due = false
	if !v.wanted {
		if !v.told {
			return dst
		}
		v.told, v.ref = false, 0
		return append(appendConversation(append(dst, `{"type":"leave"`...), v.id), '}')
	}
	v.told, v.ref, v.asked = true, c.nextRef(), protocol.Seq(v.at.Load())
	if v.begun && !v.join.Follow {
		v.doubt(v.asked, v.receipt)
	}
	dst = appendConversation(append(dst, `{"type":"join"`...), v.id)
	dst = v.appendPosition(dst)
	dst = strconv.AppendUint(append(dst, `,"ref":"`...), v.ref, 10)
	return append(dst, `"}`...)
}

// joined begins the stream of a join.
func (c *Client) joined(r *reply) {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil || !v.told {
		c.mu.Unlock()
		return
	}
	v.expected = r.First
	v.silent = r.Ref != strconv.FormatUint(v.ref, 10) || v.due && !v.begun
	if v.silent { // a newer one is on its way
		c.mu.Unlock()
		return
	}
	told := Joined{
		Conversation: v.id, Log: r.Log, First: r.First, Last: r.Last, Sum: r.Sum, Read: r.Read,
		Online: r.Online, Count: r.Count, Reads: r.Reads, Resumed: v.begun && !v.join.Follow,
	}
	at := protocol.Seq(v.at.Load())
	switch {
	case v.begun && !v.join.Follow:
		told.Missed = r.First - min(r.First, at+1)
	case v.join.After.Set && !v.join.Follow:
		told.Resumed, told.Missed = true, r.First-min(r.First, protocol.Seq(v.join.After.Value)+1)
	}
	if !told.Resumed || told.Missed > 0 || !v.begun {
		v.at.Store(uint64(r.First - min(r.First, 1)))
	}
	early := v.begun && !v.join.Follow && r.First <= v.asked
	asked := v.asked
	v.begun, v.log = true, r.Log
	v.learnSum(r.Last, r.Sum)
	v.knows(r.Last)
	if v.marks.joined(r.Read); v.marks.due {
		c.enqueue(v)
	}
	c.mu.Unlock()
	c.wakeWriter()
	if early {
		c.tellViolation(Violation{
			Kind: Repeat, Conversation: v.id, Want: asked + 1, Got: r.First,
			Detail: fmt.Sprintf("a join after seq %d begins at %d", asked, r.First),
		})
	}
	if h := c.options.Handler.Joined; h != nil {
		h(told)
	}
}

// joinFailed says whether an error answers a join, and does what it asks for: start anew where the log is another one,
// or give the join up.
func (c *Client) joinFailed(r *reply, err *protocol.Error) bool {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil || v.ref == 0 || r.Ref != strconv.FormatUint(v.ref, 10) {
		c.mu.Unlock()
		return false
	}
	at, log := protocol.Seq(v.at.Load()), v.log
	if !v.begun {
		at, log = protocol.Seq(v.join.After.Value), v.join.Log
	}
	resuming := (v.begun || v.join.After.Set) && v.wanted
	v.told, v.ref, v.expected = false, 0, 0
	shorter := resuming && err.Code == protocol.CodeBadRequest
	switch {
	case resuming && (err.Code == protocol.CodeReset || shorter):
		c.startAgain(v)
	case err.Code == protocol.CodeUnavailable:
		v.due = true
		c.later(v, max(err.RetryAfter, joinDelay))
	default:
		v.wanted, v.begun, resuming = false, false, false
	}
	wanted := v.wanted
	c.mu.Unlock()
	c.wakeWriter()
	switch {
	case !wanted:
		c.tellLeft(Left{Conversation: r.Conversation, Code: err.Code, Reason: err.Reason})
	case shorter && log != "":
		c.tellViolation(Violation{
			Kind: Shorter, Conversation: r.Conversation, Want: at,
			Detail: fmt.Sprintf("seq %d of the log %s was delivered, and the server says: %s", at, log, err.Reason),
		})
		fallthrough
	case shorter || err.Code == protocol.CodeReset:
		if h := c.options.Handler.Reset; h != nil {
			h(Reset{Conversation: r.Conversation, Log: log, Seq: at})
		}
	}
	return true
}

// startAgain has a conversation joined from the start: its record is another one. mu is held.
func (c *Client) startAgain(v *conversation) {
	v.told, v.ref, v.expected = false, 0, 0
	v.proof.outdated()
	v.begun, v.log, v.receipt, v.due = false, "", receipt{}, true
	v.join.After, v.join.Log, v.join.Known, v.join.Sum = protocol.Number{}, "", 0, ""
	v.marks = readMarks{}
	v.outbox.unknowing()
	c.enqueue(v)
}

// left ends a join's stream.
func (c *Client) left(r *reply) {
	c.mu.Lock()
	if v := c.conversations[r.Conversation]; v != nil && (r.Code != "" || !v.told) {
		v.expected = 0
		if r.Code != "" { // unasked: it is not joined again
			v.told, v.wanted, v.due, v.begun, v.ref = false, false, false, false, 0
		}
	}
	c.mu.Unlock()
	c.tellLeft(Left{Conversation: r.Conversation, Code: r.Code, Reason: r.Reason})
}

func (c *Client) tellLeft(l Left) {
	if h := c.options.Handler.Left; h != nil {
		h(l)
	}
}
