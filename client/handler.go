package client

import (
	"time"

	"verbatim/protocol"
)

// Handler holds the callbacks of a client. Each may be nil; then the client does not even decode what would be passed
// to it. Callbacks are never called concurrently: Run's goroutine calls them all, and reads nothing while one runs. So
// a slow callback makes this client a slow reader, which harms nobody. Callbacks may call any method of the client that
// does not wait for the server: not Send, SendWait, History, Ping, Drain or Close.
type Handler struct {
	Entry  func(*Entry)      // an entry of a joined conversation: each once, in order of seq
	Ack    func(Ack)         // a send is on the record
	Refuse func(Refusal)     // a send, a join or a read mark was refused; the client does not retry it
	Joined func(Joined)      // a join was accepted: the first time and after each reconnect
	Reset  func(Reset)       // a conversation has another record now; the client joins it from the start
	Left   func(Left)        // a conversation was left, by Leave or by the server
	Last   func(Last)        // the newest seq of a conversation joined with Join.Follow
	Read   func(ReadMark)    // a user has read up to a seq
	Typing func(TypingEvent) // a user is typing

	Presence     func(Presence)     // users came or went
	Connected    func(Connected)    // the server welcomed this client: the first time and after each reconnect
	Disconnected func(Disconnected) // a connection ended or could not be made; the client will try again
	Violation    func(Violation)    // the server broke the contract
}

// Entry is one entry of a conversation. It and its JSON are valid until the callback returns; copy what you keep.
type Entry struct {
	Conversation protocol.ConversationID
	Seq          protocol.Seq
	JSON         []byte // the entry as the server sent it
}

// Message decodes the entry. The result does not refer to JSON. The error says what is wrong with the entry.
func (e *Entry) Message() (protocol.Message, error) {
	m, err := protocol.ParseMessage(e.JSON)
	if err != nil { // a nil *protocol.Error is not a nil error
		return m, err
	}
	return m, nil
}

// Ack says that a message is on the record, at Seq. Sum is its receipt.
type Ack struct {
	Conversation protocol.ConversationID
	ID           protocol.MessageID
	Seq          protocol.Seq
	Time         string // RFC 3339 in UTC, with microseconds
	Sum          string // the entry's sum, in the chain of the record
	Duplicate    bool   // the message was already on the record; usually its first ack was lost
}

// Refusal is the server's error reply to a send (ID is its id), to a join or to a read mark (ID is empty).
type Refusal struct {
	Conversation protocol.ConversationID
	ID           protocol.MessageID
	Err          *protocol.Error
}

// Joined says where a join begins: the entries First … Last follow, then live ones.
type Joined struct {
	Conversation protocol.ConversationID
	Log          protocol.LogID // empty if the conversation has no entry yet
	First, Last  protocol.Seq
	Sum          string       // the sum of entry Last
	Read         protocol.Seq // this user's own read mark, or 0
	Online       []protocol.UserID
	Count        int // of users online
	Reads        map[protocol.UserID]protocol.Seq
	Resumed      bool         // it continues after the last entry that was delivered
	Missed       protocol.Seq // how many entries after that were removed by retention and will never come
}

// Reset says that the record of a conversation is another one: it has another log, or the server's data was replaced
// by an older copy. What was delivered up to Seq belongs to the old record, whose log was Log. A Joined of the new
// record follows.
type Reset struct {
	Conversation protocol.ConversationID
	Log          protocol.LogID
	Seq          protocol.Seq
}

// Left says that a conversation is no longer joined. Code is empty if Leave asked for that; else it and Reason are the
// server's, and the client does not join again by itself.
type Left struct {
	Conversation protocol.ConversationID
	Code         protocol.Code
	Reason       string
}

// Last is the newest seq of a conversation that was joined with Join.Follow.
type Last struct {
	Conversation protocol.ConversationID
	Last         protocol.Seq
	Time         string // of that entry, RFC 3339
}

// ReadMark says up to which seq a user has read.
type ReadMark struct {
	Conversation protocol.ConversationID
	User         protocol.UserID
	Seq          protocol.Seq
}

// TypingEvent says that a user is typing. It holds for 5 s.
type TypingEvent struct {
	Conversation protocol.ConversationID
	User         protocol.UserID
}

// Presence says who is in a conversation: one change (User, Event and Count) or, while more than Limits.Names users are
// there, Count alone. Online, if it is not nil, is the complete list.
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
	Again            bool // this is a reconnect
}

// Disconnected says why a connection ended or could not be made, and when the client tries again.
type Disconnected struct {
	Err   error
	Retry time.Duration // from now
}

// ViolationKind says how the server broke the contract.
type ViolationKind string

// The violations that a client detects.
const (
	Gap       ViolationKind = "gap"       // an entry came before its predecessor; the client reconnects and resumes
	Repeat    ViolationKind = "repeat"    // an entry came again; the client does not deliver it
	Truncated ViolationKind = "truncated" // the same log lost delivered entries; the client joins from the start
	Malformed ViolationKind = "malformed" // a frame cannot be decoded; the client reconnects
)

// Violation is a breach of the contract by the server. Want and Got are seqs, and 0 where they do not apply.
type Violation struct {
	Kind         ViolationKind
	Conversation protocol.ConversationID
	Want, Got    protocol.Seq
	Detail       string
}

// Error returns what happened, in one line.
func (v Violation) Error() string {
	return "client: " + string(v.Kind) + " in " + string(v.Conversation) + ": " + v.Detail
}
