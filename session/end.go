package session

import "verbatim/protocol"

// Why is why a session ended: one of a few words, for the log and for metrics.
type Why string

// The reasons.
const (
	WhyClient      Why = "client"       // the client closed
	WhyLost        Why = "lost"         // its connection broke off
	WhyDrain       Why = "drain"        // the server ends
	WhyProtocol    Why = "protocol"     // what came was no WebSocket frame
	WhyBinary      Why = "binary"       // a binary frame came
	WhyUTF8        Why = "utf8"         // a text frame was not valid UTF-8
	WhyFrame       Why = "frame"        // a frame was over the limit
	WhyBadRequests Why = "bad_requests" // there were more bad requests in a minute than are allowed
	WhyStalled     Why = "stalled"      // its TCP took nothing for the write timeout
	WhyToken       Why = "token"        // its token is over, or was revoked, or its user blocked
	WhySilent      Why = "silent"       // it did not answer a ping
)

// End is how a session ended.
type End struct {
	Session   string // its id
	User      protocol.UserID
	From, Via string // Conn.From and Conn.Via
	Why       Why
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
