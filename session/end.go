package session

import "verbatim/protocol"

// Reason says why a session ended: one of a few words, for the log and for metrics.
type Reason string

// The reasons.
const (
	ReasonClient      Reason = "client"       // the client closed
	ReasonLost        Reason = "lost"         // its connection broke off
	ReasonDrain       Reason = "drain"        // the server ends
	ReasonProtocol    Reason = "protocol"     // what came was no WebSocket frame
	ReasonBinary      Reason = "binary"       // a binary frame came
	ReasonUTF8        Reason = "utf8"         // a text frame was not valid UTF-8
	ReasonFrame       Reason = "frame"        // a frame was over the limit
	ReasonBadRequests Reason = "bad_requests" // there were more bad requests in a minute than are allowed
	ReasonStalled     Reason = "stalled"      // its TCP took nothing for the write timeout
	ReasonToken       Reason = "token"        // its token is over, or was revoked, or its user blocked
	ReasonSilent      Reason = "silent"       // it did not answer a ping
	ReasonForbidden   Reason = "forbidden"    // of a stream of events: its user lost the permission to read
)

// End is how a session ended.
type End struct {
	Session   string // its id
	User      protocol.UserID
	From, Via string // Conn.From and Conn.Via
	Reason    Reason
	Code      protocol.CloseCode // of the server's close frame, or of the client's own; 0: there was none
	Err       error              // what there is to say beside these, such as the client's own words; or nil
}

// Refusal is a request that was refused, or (Err is nil) entries that could not be read, which is tried again.
type Refusal struct {
	Session      string // its id
	User         protocol.UserID
	From, Via    string // Conn.From and Conn.Via
	Conversation protocol.ConversationID
	Err          *protocol.Error
	// Cause is why it could not be served, if that is the server's own fault, or the *identity.Refusal of a token; nil:
	// neither.
	Cause error
}
