package client

import (
	"strconv"
	"time"

	"verbatim/protocol"
)

// typingEvery is how often the others are told at most that a user types: the server passes on no more.
const typingEvery = 3 * time.Second

// mostInDoubt bounds the read marks that may still be refused: there is no answer to one that is taken.
const mostInDoubt = 16

// readMarks is how far the user has read: as the owner says, and as the server takes it. Guarded by Client.mu.
type readMarks struct {
	newest protocol.Seq // as the owner says; 0: none
	due    bool         // newest is to be written
	sure   protocol.Seq // the server's own word, or what it has not refused
	told   []toldMark   // what was written since, and may still be refused
}

type toldMark struct {
	ref uint64
	seq protocol.Seq
}

// move takes the owner's mark, and reports whether it goes further than the one before.
func (m *readMarks) move(seq protocol.Seq) bool {
	if seq <= m.newest {
		return false
	}
	m.newest, m.due = seq, true
	return true
}

// joined takes the server's own mark. Where the owner's goes further, it is to be written again.
func (m *readMarks) joined(read protocol.Seq) {
	m.sure, m.told = read, nil
	m.newest = max(m.newest, read)
	m.due = m.newest > read
}

func (m *readMarks) write(ref uint64) {
	m.due = false
	m.told = append(m.told, toldMark{ref, m.newest})
	if len(m.told) > mostInDoubt {
		m.sure, m.told = m.told[0].seq, m.told[1:]
	}
}

// refused takes back the mark that was written with a ref; what was not refused holds. ok is false where there was
// none.
func (m *readMarks) refused(ref uint64) (ok bool) {
	for i, one := range m.told {
		if one.ref != ref {
			continue
		}
		m.told = append(m.told[:i:i], m.told[i+1:]...)
		if m.newest == one.seq {
			m.newest = m.sure
			if n := len(m.told); n > 0 {
				m.newest = m.told[n-1].seq
			}
		}
		return true
	}
	return false
}

// typing is what the others are told of a user who writes. Guarded by Client.mu.
type typing struct {
	due  bool
	told time.Time // the last time
}

// Read says that the user has read a joined conversation up to seq. It never waits; the newest mark goes out, also
// after a reconnect where it was not yet told. One that the server refuses, as beyond the last entry, is taken back,
// and told to Handler.Refuse.
func (c *Client) Read(id protocol.ConversationID, seq protocol.Seq) {
	c.mu.Lock()
	if v := c.conversations[id]; v != nil && v.wanted && v.marks.move(seq) {
		c.enqueue(v)
	}
	c.mu.Unlock()
	c.wakeWriter()
}

// Typing says that the user is writing in a joined conversation. To be called at each key: the others are told at most
// once in 3 s, and at the next key after a message. It never waits, and is never told late: where there is no
// connection, nobody hears of it.
func (c *Client) Typing(id protocol.ConversationID) {
	c.mu.Lock()
	v, now := c.conversations[id], time.Now()
	if v == nil || !v.begun || !c.live || now.Sub(v.typing.told) < typingEvery {
		c.mu.Unlock()
		return
	}
	v.typing = typing{due: true, told: now}
	c.enqueue(v)
	c.mu.Unlock()
	c.wakeWriter()
}

// appendEphemeral adds the read mark or the typing that is due, where this connection's join was accepted. mu is held.
func (c *Client) appendEphemeral(dst []byte, v *conversation) []byte {
	switch {
	case !v.told || !v.begun:
	case v.marks.due:
		ref := c.nextRef()
		dst = appendConversation(append(dst, `{"type":"read"`...), v.id)
		dst = strconv.AppendUint(append(dst, `,"seq":`...), uint64(v.marks.newest), 10)
		dst = strconv.AppendUint(append(dst, `,"ref":"`...), ref, 10)
		dst = append(dst, `"}`...)
		v.marks.write(ref)
	case v.typing.due:
		v.typing.due = false
		dst = append(appendConversation(append(dst, `{"type":"typing"`...), v.id), '}')
	}
	return dst
}

// readFailed reports whether an error answers a read mark, and does what it asks for: tell it again, or take it back.
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
	again := err.Code == protocol.CodeUnavailable || err.Code == protocol.CodeRateLimited
	if again {
		v.marks.newest, v.marks.due = newest, true
		c.later(v, max(err.RetryAfter, joinDelay))
	}
	c.mu.Unlock()
	if !again {
		c.tellRefusal(Refusal{Conversation: r.Conversation, Err: err})
	}
	return true
}
