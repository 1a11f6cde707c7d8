package session

import (
	"errors"

	"verbatim/protocol"
)

// Why is why a session ended: one of a few words, for the log and for metrics.
type Why string

// The reasons.
const (
	WhyClient      Why = "client"       // it closed
	WhyLost        Why = "lost"         // its connection broke off
	WhyDrain       Why = "drain"        // the server ends
	WhyProtocol    Why = "protocol"     // what came was no WebSocket frame
	WhyBinary      Why = "binary"       // a binary frame
	WhyUTF8        Why = "utf8"         // a text frame that is none
	WhyFrame       Why = "frame"        // one over the limit
	WhyBadRequests Why = "bad_requests" // more than are borne
	WhyStalled     Why = "stalled"      // its TCP took nothing for the write timeout
	WhySilent      Why = "silent"       // it did not answer a ping
)

// End is how a session ended.
type End struct {
	Session string
	User    protocol.UserID
	From    string // Conn.From
	Via     string
	Why     Why
	Code    protocol.CloseCode // of the server's close frame, or of the client's own; 0: there was none
	Err     error              // what there is to say beside these, as a client's own words; or nil
}

// Refusal is a request that was refused, or (Err is nil) entries that could not be read, which is tried again.
type Refusal struct {
	Session      string
	User         protocol.UserID
	From, Via    string
	Conversation protocol.ConversationID
	Err          *protocol.Error
	Cause        error // why it could not be served, where that is the server's own affair; nil: it is not
}

// whyClosed are the reasons of the codes that the server closes with.
var whyClosed = map[protocol.CloseCode]Why{
	protocol.CloseGoingAway: WhyDrain, protocol.CloseProtocol: WhyProtocol, protocol.CloseUnsupported: WhyBinary,
	protocol.CloseInvalidData: WhyUTF8, protocol.CloseTooBig: WhyFrame, protocol.ClosePolicy: WhyBadRequests,
}

// tellEnd says how the session ended: code is that of the server's own close frame, or 0.
func (s *Session) tellEnd(code protocol.CloseCode, err error) {
	if s.env.Ended == nil {
		return
	}
	end := End{Session: s.id.String(), User: s.user, From: s.conn.From, Via: s.conn.Via, Code: code, Err: err}
	switch {
	case code != 0:
		end.Why = whyClosed[code]
	case s.theirs != 0:
		end.Why, end.Code, end.Err = WhyClient, s.theirs, s.said
	case errors.Is(err, errStalled):
		end.Why = WhyStalled
	case errors.Is(err, errSilent):
		end.Why = WhySilent
	default:
		end.Why = WhyLost
	}
	s.env.Ended(end)
}

// tellRefusal says that a request was refused. cause is why it could not be served, or nil.
func (s *Session) tellRefusal(id protocol.ConversationID, err *protocol.Error, cause error) {
	s.tell(Refusal{Conversation: id, Err: err, Cause: cause})
}

// tellUnread says that entries of a conversation could not be read; nothing is refused, and it is tried again.
func (s *Session) tellUnread(id protocol.ConversationID, err error) {
	s.tell(Refusal{Conversation: id, Cause: err})
}

func (s *Session) tell(no Refusal) {
	no.Session, no.User, no.From, no.Via = s.id.String(), s.user, s.conn.From, s.conn.Via
	s.env.tell(no)
}

func (e *Env) tell(no Refusal) {
	switch {
	case e.Refused != nil:
		e.Refused(no)
	case no.Cause != nil:
		e.Log.Error().Err(no.Cause).Str("session", no.Session).Msg("a request could not be served")
	}
}
