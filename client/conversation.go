package client

import (
	"fmt"
	"hash/maphash"
	"strconv"
	"sync/atomic"

	"verbatim/protocol"
)

// conversation is all that a client knows of one: a cursor, what is to be asked, and the sends without an ack.
type conversation struct {
	id protocol.ConversationID
	at atomic.Uint64 // the seq delivered last, or before which a join began; written by Run's goroutine
	proof

	// Guarded by Client.mu.
	log     protocol.LogID // "": not known, or no entry yet
	receipt receipt        // the newest entry of that log whose sum this client was told
	begun   bool           // a join of the owner's was accepted: a new connection resumes it after `at`
	join    Join           // as the owner gave it
	wanted  bool           // it is to be joined
	told    bool           // this connection was asked to join it
	due     bool           // wanted has changed, or the connection has: ask
	ref     uint64         // of the newest join asked for; 0: none
	asked   protocol.Seq   // `at` when it was asked for
	marks   readMarks
	typing  typing
	queued  bool // among Client.ready
	outbox

	// Owned by Run's goroutine.
	expected protocol.Seq // what must come next in this join's stream; 0: nothing may come
	silent   bool         // a newer join was asked for: this one's entries are not delivered
}

// of gives the conversation, which it makes where there is none. mu is held.
func (c *Client) of(id protocol.ConversationID) *conversation {
	v := c.conversations[id]
	if v == nil {
		v = &conversation{id: id}
		c.conversations[id] = v
	}
	return v
}

// conversationOf finds the conversation of an entry: mostly that of the entry before.
func (c *Client) conversationOf(id []byte) *conversation {
	if c.newest != nil && string(c.newest.id) == string(id) {
		return c.newest
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.conversations[protocol.ConversationID(id)]
	if v != nil {
		c.newest = v
	}
	return v
}

// takeEntry delivers an entry where it is the next one.
func (c *Client) takeEntry(id []byte, seq protocol.Seq, frame []byte) error {
	v := c.conversationOf(id)
	if v == nil || v.expected == 0 {
		return nil // of a join that this client has left or not made
	}
	fresh, err := c.advance(v, seq, frame)
	if !fresh {
		return err
	}
	c.stats.entries.Add(1)
	if h := c.options.Handler.Entry; h != nil {
		c.entry = Entry{v.id, seq, frame}
		h(&c.entry)
	}
	return nil
}

// advance holds an entry's seq to its join's stream, and moves the cursor. fresh reports whether it was not delivered before.
func (c *Client) advance(v *conversation, seq protocol.Seq, frame []byte) (fresh bool, err error) {
	switch {
	case v.expected == 0:
		return false, nil
	case seq > v.expected:
		gap := Violation{
			Kind: Gap, Conversation: v.id, Want: v.expected, Got: seq,
			Detail: fmt.Sprintf("seq %d came where %d was due", seq, v.expected),
		}
		c.tellViolation(gap)
		return false, gap // what is missing comes with the resumption
	case seq < v.expected:
		c.tellViolation(Violation{
			Kind: Repeat, Conversation: v.id, Want: v.expected, Got: seq,
			Detail: fmt.Sprintf("seq %d came again where %d was due", seq, v.expected),
		})
		return false, nil
	}
	v.expected++
	if v.silent || uint64(seq) <= v.at.Load() {
		return false, nil
	}
	v.at.Store(uint64(seq))
	v.delivered.Store(maphash.Bytes(c.seed, frame))
	if seq == 1 {
		return true, c.learnLog(v, frame)
	}
	return true, nil
}

// learnLog takes a log's name from its first entry: who joined before there was one could not tell this log from one that
// takes its place.
func (c *Client) learnLog(v *conversation, first []byte) error {
	r, err := decode(first)
	if err != nil {
		return c.garbled(first, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.log == "" {
		v.log = r.Log
	}
	return nil
}

// receipt is an entry whose sum is known: a record that does not have both is another one. The zero receipt is none.
type receipt struct {
	seq protocol.Seq
	sum string
}

// learnSum notes a newer entry's sum, as a joined or an ack of the log that is joined now says it. mu is held.
func (v *conversation) learnSum(seq protocol.Seq, sum string) {
	if sum != "" && seq > v.receipt.seq {
		v.receipt = receipt{seq, sum}
	}
}

// appendPosition adds what a join says of where to begin.
func (v *conversation) appendPosition(dst []byte) []byte {
	if v.join.Follow {
		dst = append(dst, `,"messages":false`...)
		return appendRecord(dst, v.log, v.receipt)
	}
	switch {
	case v.begun:
		dst = strconv.AppendUint(append(dst, `,"after":`...), v.at.Load(), 10)
		return appendRecord(dst, v.log, v.receipt)
	case v.join.After.Set:
		dst = strconv.AppendUint(append(dst, `,"after":`...), v.join.After.Value, 10)
		return appendRecord(dst, v.join.Log, receipt{v.join.Known, v.join.Sum})
	case v.join.Limit < 0:
		return append(dst, `,"limit":0`...)
	case v.join.Limit > 0:
		return strconv.AppendInt(append(dst, `,"limit":`...), int64(v.join.Limit), 10)
	}
	return dst
}

// appendRecord adds which record a join is meant for.
func appendRecord(dst []byte, log protocol.LogID, known receipt) []byte {
	if log != "" {
		dst = appendString(append(dst, `,"log":`...), string(log))
	}
	if known.sum == "" {
		return dst
	}
	dst = strconv.AppendUint(append(dst, `,"known":`...), uint64(known.seq), 10)
	return appendString(append(dst, `,"sum":`...), known.sum)
}
