package client

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"verbatim/protocol"
)

// conversation is all that a client knows of one: a cursor, what is to be asked, and the sends without an ack.
type conversation struct {
	id protocol.ConversationID
	at atomic.Uint64 // the seq delivered last, or before which a join began; written by Run's goroutine

	// Guarded by Client.mu.
	log    protocol.LogID // "": not known, or no entry yet
	begun  bool           // a join of the owner's was accepted: a new connection resumes it after `at`
	join   Join           // as the owner gave it
	wanted bool           // it is to be joined
	told   bool           // this connection was asked to join it
	due    bool           // wanted has changed, or the connection has: ask
	ref    uint64         // of the newest join asked for; 0: none
	asked  protocol.Seq   // `at` when it was asked for
	mark   protocol.Seq   // the read mark; 0: none
	marked bool           // mark is to be written
	queued bool           // among Client.ready
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
	fresh, err := c.advance(v, seq)
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

// advance holds an entry's seq to its join's stream, and moves the cursor. fresh says that it was not delivered before:
// a join that the client asked for to learn the log may begin before the cursor.
func (c *Client) advance(v *conversation, seq protocol.Seq) (fresh bool, err error) {
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
	if seq == 1 {
		c.learnLog(v)
	}
	return true, nil
}

// learnLog asks for the name of a log that began after it was joined: `joined` alone says it, and without it a
// resumption could not tell this log from one that takes its place. The stream goes on meanwhile.
func (c *Client) learnLog(v *conversation) {
	c.mu.Lock()
	if v.log == "" && v.wanted {
		v.due = true
		c.enqueue(v)
	}
	c.mu.Unlock()
	c.wakeWriter()
}

// appendPosition adds what a join says of where to begin.
func (v *conversation) appendPosition(dst []byte) []byte {
	if v.join.Follow {
		dst = append(dst, `,"messages":false`...)
		return appendLog(dst, v.log)
	}
	switch {
	case v.begun:
		dst = strconv.AppendUint(append(dst, `,"after":`...), v.at.Load(), 10)
		return appendLog(dst, v.log)
	case v.join.After.Set:
		dst = strconv.AppendUint(append(dst, `,"after":`...), v.join.After.Value, 10)
		return appendLog(dst, v.join.Log)
	case v.join.Limit < 0:
		return append(dst, `,"limit":0`...)
	case v.join.Limit > 0:
		return strconv.AppendInt(append(dst, `,"limit":`...), int64(v.join.Limit), 10)
	}
	return dst
}

func appendLog(dst []byte, log protocol.LogID) []byte {
	if log == "" {
		return dst
	}
	return appendString(append(dst, `,"log":`...), string(log))
}
