// Package control is how commands reach a directory: through the Unix socket data/control of a running server, which
// alone may write then, or on the files where no server has the directory open. The lock of the directory decides
// which, so that there are never two writers.
//
// The socket speaks HTTP: a POST of a Request as JSON is answered with an Answer, or with a text that says why not.
// Only the user of the server, and root, may connect.
//
// # Concurrency
//
// Run may be called concurrently. A Server serves requests concurrently.
package control

import (
	"time"

	"verbatim/directory"
	"verbatim/protocol"
)

// Request is a command. Which fields count says Do.
type Request struct {
	Do Command `json:"do"`

	User    protocol.UserID  `json:"user,omitempty"`
	Key     string           `json:"key,omitempty"` // a name, or for KeysRevoke an id too
	Grants  directory.Grants `json:"grants,omitzero"`
	Admin   bool             `json:"admin,omitempty"`
	Uses    int              `json:"uses,omitempty"`
	For     time.Duration    `json:"for,omitempty"` // 0: for ever, where that may be
	TokenID string           `json:"jti,omitempty"`
	Most    int              `json:"most,omitempty"` // lines
}

// Command says what a Request asks for.
type Command string

// The commands.
const (
	UsersList    Command = "users list"
	UsersBlock   Command = "users block"   // User
	UsersUnblock Command = "users unblock" // User
	UsersReset   Command = "users reset"   // User; Answer.Secret is the link's
	UsersRevoke  Command = "users revoke"  // User; Answer.Until, Count
	KeysAdd      Command = "keys add"      // Key, Grants, For; Answer.Keys, Secret
	KeysList     Command = "keys list"
	KeysRevoke   Command = "keys revoke"  // Key; Answer.Count
	InviteMake   Command = "invite"       // Admin, Uses, For; Answer.Invite, Secret
	TokenRevoke  Command = "revoke token" // TokenID
	AuditList    Command = "audit"        // Most; Answer.Events, the newest first
)

// Answer is what a Request got.
type Answer struct {
	Accounts []directory.Account `json:"accounts,omitempty"`
	Blocks   []directory.Block   `json:"blocks,omitempty"`
	Keys     []directory.Key     `json:"keys,omitempty"`
	Events   []directory.Event   `json:"events,omitempty"`
	Invite   directory.Invite    `json:"invite,omitzero"`
	Secret   string              `json:"secret,omitempty"`
	Until    time.Time           `json:"until,omitzero"`
	Count    int                 `json:"count,omitempty"`
}

// socketName is the socket's name in the data directory.
const socketName = "control"

// maxRequest is the greatest length of a request, in bytes.
const maxRequest = 1 << 20

// creates reports whether the command makes a directory where there is none.
func (c Command) creates() bool {
	switch c {
	case UsersBlock, UsersRevoke, KeysAdd, InviteMake, TokenRevoke:
		return true
	}
	return false
}
