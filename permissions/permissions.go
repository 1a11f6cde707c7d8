// Package permissions decides who may do what in which conversation.
//
// It promises that a decision is made from memory at once, from names alone: Policy.May looks nothing up, waits for
// nothing and allocates nothing, so it can stand in front of every request. Rules grant; nothing denies. What is not
// granted is forbidden, and a private conversation is its members' alone, whatever the rules say.
//
// # Concurrency
//
// A Policy is safe for concurrent use. Everything else is immutable once it was made, and may be shared.
package permissions

import "verbatim/protocol"

// Verb is what somebody wants to do in a conversation.
type Verb uint8

// The verbs. Moderate includes Read and Write. Create is a conversation's first entry, which needs Write too.
const (
	Read     Verb = iota // join, follow, history, pages, wait, transcript, list, presence
	Write                // send, edit and redact one's own, react, typing, stream, stop
	Create               // a conversation's first entry
	Moderate             // redact others', remove the conversation, change its members
	verbs                // how many there are
)

var verbNames = [verbs]string{"read", "write", "create", "moderate"}

// String returns the verb as rules and tokens have it.
func (v Verb) String() string { return verbNames[v] }

// Verbs returns all verbs.
func Verbs() []Verb { return []Verb{Read, Write, Create, Moderate} }

// Kind is how a subject came in.
type Kind uint8

// The kinds.
const (
	Guest Kind = iota // nobody knows who it is
	User              // an account of this server, or the user of a token
	Key               // an API key, whose user is `key:NAME`
)

// Subject is who wants to do something. It must not be changed once it was made; sessions share it by pointer.
type Subject struct {
	User    protocol.UserID
	Kind    Kind
	Groups  []string // the claim `groups`
	Grants  Grants   // of the token or key itself
	Account bool     // the user is an account of this server
	Admin   bool     // an account that administers the server
}

// Standing is what a user is in a private or direct conversation.
type Standing uint8

// The standings.
const (
	Outsider  Standing = iota // may do nothing there
	Member                    // reads, writes and creates
	Moderator                 // moderates too
)

// Members knows the private and the direct conversations. It answers from memory at once, is safe for concurrent use
// and must not allocate.
type Members interface {
	// Standing reports whether the conversation is private or direct, and if so what the user is there.
	Standing(conversation protocol.ConversationID, user protocol.UserID) (standing Standing, private bool)

	// Any reports whether the user is a member of any such conversation.
	Any(user protocol.UserID) bool
}
