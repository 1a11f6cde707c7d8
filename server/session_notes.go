package server

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/rs/zerolog"

	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/respond"
	"verbatim/session"
)

// What the log and /metrics hear of sessions: how they end, and what of theirs is refused.

// The ends of connections that never became sessions.
const (
	whyName    session.Why = "name"    // a name or a query that is none
	whyCrowded session.Why = "crowded" // there is no place
)

// closeCodes are the codes that come with each reason; 0 is none, as streams of events end. Of a client's own, all
// others are counted as one.
var closeCodes = map[session.Why][]protocol.CloseCode{
	session.WhyClient: {0, 1000, 1001, 1005, otherCode},
	session.WhyLost:   {0}, session.WhyStalled: {0}, session.WhySilent: {0},
	session.WhyDrain: {0, protocol.CloseGoingAway}, session.WhyProtocol: {protocol.CloseProtocol},
	session.WhyBinary: {protocol.CloseUnsupported}, session.WhyUTF8: {protocol.CloseInvalidData},
	session.WhyFrame: {protocol.CloseTooBig}, session.WhyBadRequests: {protocol.ClosePolicy},
	whyName: {protocol.ClosePolicy}, whyCrowded: {protocol.CloseTryAgain},
}

// otherCode stands for all that clients may think of.
const otherCode protocol.CloseCode = 1

func closeName(code protocol.CloseCode) string {
	switch code {
	case 0:
		return "none"
	case otherCode:
		return "other"
	default:
		return strconv.Itoa(int(code))
	}
}

// countClose counts the end of a connection.
func (m *metrics) countClose(why session.Why, code protocol.CloseCode) {
	if why == session.WhyClient && !slices.Contains(closeCodes[why], code) {
		code = otherCode
	}
	m.closes.WithLabelValues(string(why), closeName(code)).Inc()
}

// odd is what the log says of the ends that should not be, and what can be done. The others are as they should be, or a
// network's doing.
var odd = map[session.Why]struct{ words, do string }{
	session.WhyProtocol: {
		"a session was Closed: what came was no WebSocket frame that a client may send",
		"mend that client, or what stands between and changes frames",
	},
	session.WhyBinary: {
		"a session was Closed: it sent a binary frame", "mend that client: text frames, one JSON object in each",
	},
	session.WhyUTF8: {"a session was Closed: it sent a text frame that is not valid UTF-8", "mend that client"},
	session.WhyFrame: {
		"a session was Closed: it sent a frame over limits.frame",
		"let that client hold to limits.frame of welcome, or raise --max-frame",
	},
	session.WhyBadRequests: {
		"a session was Closed: more than 100 bad requests in a minute",
		"mend that client: the lines about refused requests say what is wrong",
	},
	session.WhyStalled: {
		"a slow reader was Closed: its connection took nothing at all for --write-timeout",
		respond.SlowNetwork,
	},
	session.WhySilent: {
		"a session was Closed: the client sent nothing, and did not answer a ping",
		"nothing, where a device went to sleep or lost its network; a proxy in front must let pings through",
	},
}

// fault is what the log says of a client that closed with a code which says that something is wrong (RFC 6455, 7.4.1).
// Codes from 3000 on are an application's own.
var fault = struct{ words, do string }{
	"a session was closed by its client, which found fault with what came, or failed itself",
	"look at that program's own log; it must take text frames of up to 512 kB",
}

func findsFault(end session.End) bool {
	return end.Why == session.WhyClient && end.Code > 1001 && end.Code < 3000 && end.Code != 1005 // 1005: no code at all
}

// ended hears how a session ended.
func (s *Server) ended(end session.End) {
	s.metrics.countClose(end.Why, end.Code)
	said, is := odd[end.Why]
	if findsFault(end) {
		said, is = fault, true
	}
	if !is {
		s.log.Debug().Err(end.Err).Str("session", end.Session).Str("user", string(end.User)).Str("reason", string(end.Why)).
			Msg("session: ended")
		return
	}
	s.notes.Add(logging.Note{
		Kind: "session: " + string(end.Why), Level: zerolog.WarnLevel, Words: said.words, Do: said.do,
		Session: end.Session, User: end.User, From: end.From, Via: end.Via, Closed: end.Code, Err: end.Err,
	})
}

// refusedRequest hears of a session's request that was refused.
func (s *Server) refusedRequest(no session.Refusal) {
	if no.Err == nil {
		s.notes.Add(logging.Note{
			Kind: "session: unread", Level: zerolog.ErrorLevel, Words: "entries could not be read: it is tried again",
			Do: respond.CheckDisk, Session: no.Session, From: no.From, Via: no.Via, Conversation: string(no.Conversation),
			Err: no.Cause,
		})
		return
	}
	s.metrics.errors.WithLabelValues("websocket", string(no.Err.Code)).Inc()
	n := logging.Note{
		Level: zerolog.WarnLevel, Words: "a session's request was refused: " + no.Err.ReasonForLog(), Do: respond.Advice(no.Err),
		Session: no.Session, User: no.User, From: no.From, Via: no.Via, Code: no.Err.Code,
		Conversation: string(no.Conversation), Err: no.Cause,
	}
	switch n.Kind = "session: " + string(no.Err.Code); {
	case no.Cause != nil:
		n.Kind, n.Level, n.Do = "session: failed", zerolog.ErrorLevel, respond.CheckDisk
		n.Words = "a session's request could not be served"
	case respond.Usual(no.Err.Code) || s.draining():
		return
	}
	s.notes.Add(n)
}

// turnedAway is what the log says of who becomes no session, and what can be done.
var turnedAway = map[string]struct{ words, do string }{
	"name": {"a connection was refused", respond.FixClient},
	"crowded": {
		"a connection was refused: too many are open, here or of its address",
		"raise --max-connections, or --max-connections-per-ip where that is set; " +
			"where a proxy is at that address, tell the server so: docs/operating/reverse-proxy.md",
	},
	"overfull": {
		"a connection was refused, and not told why: too many are being told that already",
		"look at the lines about refused connections before this one",
	},
}

// noteNoUpgrade notes a request for a WebSocket that is none, which was answered with 400 or the like.
func (s *Server) noteNoUpgrade(r *http.Request, err error) {
	n := logging.Note{
		Kind: "connection: upgrade", Level: zerolog.WarnLevel, Err: err, Do: respond.FixClient,
		Words: "a connection was refused: its request for a WebSocket is not well formed",
	}
	n.From, n.Via = s.proxies.Visit(r).Sender(r)
	s.notes.Add(n)
}

// noteNoPlace notes a stream of events that there is no place for. It is answered with 503.
func (s *Server) noteNoPlace(r *http.Request) {
	said := turnedAway["crowded"]
	n := logging.Note{
		Kind: "connection: crowded", Level: zerolog.WarnLevel, Words: said.words, Do: said.do, Path: r.URL.Path,
		Code: protocol.CodeUnavailable,
	}
	n.From, n.Via = s.proxies.Visit(r).Sender(r)
	s.notes.Add(n)
}

// noteRefused notes that a connection becomes no session. err is what it is told, or nil.
func (s *Server) noteRefused(r *http.Request, why string, err *protocol.Error) {
	said := turnedAway[why]
	n := logging.Note{Kind: "connection: " + why, Level: zerolog.WarnLevel, Words: said.words, Do: said.do, Path: r.URL.Path}
	if err != nil {
		n.Words, n.Code = n.Words+": "+err.ReasonForLog(), err.Code
		s.metrics.errors.WithLabelValues("websocket", string(err.Code)).Inc()
	}
	switch why {
	case "name":
		n.Closed = protocol.ClosePolicy
		s.metrics.countClose(whyName, n.Closed)
	case "crowded":
		n.Closed = protocol.CloseTryAgain
		s.metrics.countClose(whyCrowded, n.Closed)
	}
	n.From, n.Via = s.proxies.Visit(r).Sender(r)
	s.notes.Add(n)
}
