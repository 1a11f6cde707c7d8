package client

import (
	"time"

	"verbatim/protocol"
)

// Handler is what a client tells its owner: one function for each kind of news, nil where it is not wanted, and then it is
// not even decoded. They are called by Run's goroutine, one at a time; while one runs, nothing is read.
type Handler struct {
	Entry  func(*Entry)      // an entry of a joined conversation: each once, in order
	Ack    func(Ack)         // a send is on the record
	Refuse func(Refusal)     // a send, a join or a read was refused: it is not tried again
	Joined func(Joined)      // a join was accepted, at first and again at each reconnect
	Reset  func(Reset)       // a conversation has another record now; it is joined from the start
	Left   func(Left)        // a conversation was left, asked or unasked
	Last   func(Last)        // how far a conversation followed without its entries has come
	Read   func(ReadMark)    // how far somebody has read
	Typing func(TypingEvent) // somebody writes

	Presence     func(Presence)
	Connected    func(Connected)
	Disconnected func(Disconnected)
	Violation    func(Violation) // the server broke the contract
}

// Entry is what stands in a conversation at one seq. It, and JSON, are valid until the Handler returns.
type Entry struct {
	Conversation protocol.ConversationID
	Seq          protocol.Seq
	JSON         []byte // the entry's one encoding
}

// Message decodes the entry, which is a copy then.
func (e *Entry) Message() (protocol.Message, error) {
	m, err := protocol.ParseMessage(e.JSON)
	if err != nil {
		return m, err
	}
	return m, nil
}

// Ack says that a message is on the record. Its Sum is the receipt.
type Ack struct {
	Conversation protocol.ConversationID
	ID           protocol.MessageID
	Seq          protocol.Seq
	Time, Sum    string
	Duplicate    bool // it stood there before this sending, mostly because the ack before was lost
}

// Refusal is the server's no to a send (ID says which), a join or a read.
type Refusal struct {
	Conversation protocol.ConversationID
	ID           protocol.MessageID // "": it was no send
	Err          *protocol.Error
}

// Joined says where a join begins: the entries First … Last follow, then live ones.
type Joined struct {
	Conversation protocol.ConversationID
	Log          protocol.LogID // "": the conversation has no entry yet
	First, Last  protocol.Seq
	Sum          string
	Read         protocol.Seq // one's own mark; 0: none
	Online       []protocol.UserID
	Count        int
	Reads        map[protocol.UserID]protocol.Seq
	Resumed      bool         // it goes on after the last entry that was delivered
	Missed       protocol.Seq // how many entries after that retention has taken away; they will never come
}

// Reset says that what was delivered up to Seq belongs to a record that is gone: another log, or an older copy put back. A Joined of the new one follows.
type Reset struct {
	Conversation protocol.ConversationID
	Log          protocol.LogID
	Seq          protocol.Seq
}

// Left says that a conversation is no longer joined. Code is "" where that was asked for.
type Left struct {
	Conversation protocol.ConversationID
	Code         protocol.Code
	Reason       string
}

// Last is the newest seq of a conversation that is followed without its entries.
type Last struct {
	Conversation protocol.ConversationID
	Last         protocol.Seq
	Time         string
}

// ReadMark says up to where a user has read.
type ReadMark struct {
	Conversation protocol.ConversationID
	User         protocol.UserID
	Seq          protocol.Seq
}

// TypingEvent says that a user writes; it counts for 5 s.
type TypingEvent struct {
	Conversation protocol.ConversationID
	User         protocol.UserID
}

// Presence says that a user came or went (User and Event), or how many are there, or the whole list anew (Online).
type Presence struct {
	Conversation protocol.ConversationID
	User         protocol.UserID
	Event        string // "joined" or "left"
	Count        int
	Online       []protocol.UserID
}

// Connected is the server's welcome.
type Connected struct {
	Session, Version string
	User             protocol.UserID
	Limits           Limits
	Again            bool // not the first time
}

// Limits is what `welcome` says; see docs/protocol.
type Limits struct {
	Frame, Text, Meta, Page, Joins, Names int
	Rate                                  int // sends a second; 0: no limit
	IDs, WriteTimeout, Ping               time.Duration
}

// Disconnected says why a connection ended, or could not be made, and when the next one is tried.
type Disconnected struct {
	Err   error
	Retry time.Duration // from now
}

// ViolationKind is what the server did against the contract.
type ViolationKind string

// The violations that a client sees by itself.
const (
	Gap     ViolationKind = "gap"     // an entry came whose predecessor did not: the connection is broken off and resumed
	Repeat  ViolationKind = "repeat"  // an entry came again: it is not delivered
	Shorter ViolationKind = "shorter" // the same log has lost entries that were delivered: it is joined anew
	Garbled ViolationKind = "garbled" // a frame that cannot be read
)

// Violation is a breach of the contract by the server.
type Violation struct {
	Kind         ViolationKind
	Conversation protocol.ConversationID
	Want, Got    protocol.Seq
	Detail       string
}

func (v Violation) Error() string {
	return "client: " + string(v.Kind) + " in " + string(v.Conversation) + ": " + v.Detail
}
