package promises

import "verbatim/protocol"

// Kind says what an event is.
type Kind string

// The kinds of events, and the fields that each has.
const (
	// Open: a session was welcomed. Session, User.
	Open Kind = "open"
	// Lost: a session ended. Session, Reason: the fault or the client's decision that explains it; empty: nothing does.
	Lost Kind = "lost"
	// Send: a client sends a message. Session, Conversation, ID, Text, Prev.
	Send Kind = "send"
	// Ack: a client got an ack. Session, Conversation, ID, Seq, Time, Sum, Duplicate.
	Ack Kind = "ack"
	// Refused: a client got an error. Session, Conversation, ID (empty: it answers no send), Code, Reason.
	Refused Kind = "refused"
	// Join: a client joins. Session, Conversation, After (-1: none was given).
	Join Kind = "join"
	// Joined: a client was joined. Session, Conversation, Log, First, Last.
	Joined Kind = "joined"
	// Left: nothing of a conversation comes to a session any more. Session, Conversation.
	Left Kind = "left"
	// Saw: an entry came to a session. Session, Conversation, Raw.
	Saw Kind = "saw"
	// Look: the record is about to be read. Source, Conversation. Without it, a Record must have what was known when it
	// was added.
	Look Kind = "look"
	// Record: all that is on the record, from seq 1 on. Source, Conversation, Log, Entries.
	Record Kind = "record"
	// Rest: nothing more is sent, and everything that was due has had time to come: what a session lacks is missing.
	Rest Kind = "rest"
)

// Event is one line of a history: something that a client did, was told or saw. Session is the name of a session, which
// is used once. Raw and Entries are entries as the server sent them.
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
