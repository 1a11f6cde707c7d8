package promises

import "verbatim/protocol"

// Kind is what an event tells.
type Kind string

// The kinds of events, and the fields that each has besides.
const (
	Open    Kind = "open"    // Session, User: a session was welcomed
	Lost    Kind = "lost"    // Session, Reason: it ended. Reason says what excuses that: a fault, the client's will; "": nothing does
	Send    Kind = "send"    // Session, Conversation, ID, Text, Prev
	Ack     Kind = "ack"     // Session, Conversation, ID, Seq, Time, Sum, Duplicate
	Refused Kind = "refused" // Session, Conversation, ID ("": it was no send), Code, Reason
	Join    Kind = "join"    // Session, Conversation, After (-1: none was given)
	Joined  Kind = "joined"  // Session, Conversation, Log, First, Last
	Left    Kind = "left"    // Session, Conversation: nothing of it comes any more
	Saw     Kind = "saw"     // Session, Conversation, Raw: an entry came
	Look    Kind = "look"    // Source, Conversation: the record is about to be read. Without it, Record is held to its own moment
	Record  Kind = "record"  // Source, Conversation, Log, Entries: all that stands there, from seq 1 on
	Rest    Kind = "rest"    // nothing more is sent, and whatever was due has had its time: what a session lacks now is missing
)

// Event is one line of a history: something that a client did, was told or saw. A session's name is used once.
type Event struct {
	Kind         Kind                    `json:"kind"`
	Session      string                  `json:"session,omitempty"`
	User         protocol.UserID         `json:"user,omitempty"`
	Source       string                  `json:"source,omitempty"`
	Conversation protocol.ConversationID `json:"conversation,omitempty"`
	ID           protocol.MessageID      `json:"id,omitempty"`
	Prev         protocol.MessageID      `json:"prev,omitempty"`
	Text         string                  `json:"text,omitempty"`
	Seq          protocol.Seq            `json:"seq,omitempty"`
	Time         string                  `json:"time,omitempty"`
	Sum          string                  `json:"sum,omitempty"`
	Duplicate    bool                    `json:"duplicate,omitempty"`
	Code         protocol.Code           `json:"code,omitempty"`
	Reason       string                  `json:"reason,omitempty"`
	After        int64                   `json:"after,omitempty"`
	Log          protocol.LogID          `json:"log,omitempty"`
	First        protocol.Seq            `json:"first,omitempty"`
	Last         protocol.Seq            `json:"last,omitempty"`
	Raw          string                  `json:"raw,omitempty"`
	Entries      []string                `json:"entries,omitempty"`
}

// Add tells the checker one event.
func (c *Checker) Add(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.log != nil && c.logErr == nil {
		c.logErr = c.log.Encode(e)
	}
	switch e.Kind {
	case Look:
		c.look(e)
		return
	case Record:
		c.record(e)
		return
	case Rest:
		c.rest()
		return
	case Open:
		c.open(e)
		return
	}
	s := c.sessions[e.Session]
	if s == nil {
		c.breach(0, "%s came to the session %q, which is not open", e.Kind, e.Session)
		return
	}
	switch e.Kind {
	case Lost:
		c.lost(s, e)
	case Send:
		c.send(s, e)
	case Ack:
		c.ack(s, e)
	case Refused:
		c.refused(s, e)
	case Join:
		c.join(s, e)
	case Joined:
		c.joined(s, e)
	case Left:
		delete(s.reading, e.Conversation)
	case Saw:
		c.saw(s, e)
	default:
		c.breach(0, "an event of the unknown kind %q", e.Kind)
	}
}
