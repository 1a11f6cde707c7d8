package client

import (
	"fmt"
	"hash/maphash"

	"verbatim/protocol"
)

// takeEntry delivers an entry if it is the next one of its conversation.
func (c *Client) takeEntry(id []byte, seq protocol.Seq, frame []byte) error {
	v := c.conversationOf(id)
	if v == nil || v.expected == 0 {
		return nil // of a join that this client has left or did not request
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

// takeUnknown counts an entry of a type that is newer than this client. It skips anything else.
func (c *Client) takeUnknown(conversation, frame []byte) error {
	seq, ok := protocol.EntrySeq(frame)
	if !ok {
		return nil
	}
	v := c.conversationOf(conversation)
	if v == nil {
		return nil
	}
	c.stats.unknown.Add(1)
	_, err := c.advance(v, seq, frame)
	return err
}

// conversationOf finds the conversation of an entry, which is usually that of the entry before, or nil.
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

// advance checks an entry's seq against its join's order and moves the cursor. fresh reports whether the entry is to be
// delivered. An error breaks the connection.
func (c *Client) advance(v *conversation, seq protocol.Seq, frame []byte) (fresh bool, err error) {
	switch {
	case v.expected == 0:
		return false, nil
	case seq > v.expected:
		gap := Violation{
			Kind: Gap, Conversation: v.id, Want: v.expected, Got: seq,
			Detail: fmt.Sprintf("seq %d came where %d was due", seq, v.expected),
		}
		c.reportViolation(gap)
		return false, gap // the resumed join brings what is missing
	case seq < v.expected:
		c.reportViolation(Violation{
			Kind: Repeat, Conversation: v.id, Want: v.expected, Got: seq,
			Detail: fmt.Sprintf("seq %d came again where %d was due", seq, v.expected),
		})
		return false, nil
	}
	v.expected++
	if v.superseded || seq <= v.position() {
		return false, nil
	}
	v.cursor.Store(uint64(seq))
	v.recheck.lastHash.Store(maphash.Bytes(c.hashSeed, frame))
	if seq == 1 {
		return true, c.learnLog(v, frame)
	}
	return true, nil
}

// learnLog takes a log's name from its first entry. A client that joined before there was one could else not tell this
// log from one that replaces it.
func (c *Client) learnLog(v *conversation, first []byte) error {
	r, err := decode(first)
	if err != nil {
		return c.malformed(first, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.log == "" {
		v.log = r.Log
	}
	return nil
}
