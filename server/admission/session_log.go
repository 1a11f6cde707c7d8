package admission

import (
	"errors"

	"github.com/rs/zerolog"

	"verbatim/identity"
	"verbatim/server/logging"
	"verbatim/server/metrics"
	"verbatim/server/respond"
	"verbatim/session"
)

// Log tells the log and /metrics how sessions end, and which of their requests are refused. Safe for concurrent use.
type Log struct {
	// Fixed.
	Log      zerolog.Logger
	Notes    *logging.Notes
	Metrics  *metrics.Metrics
	Draining func() bool // refusals while the server drains are not logged
}

// unusual is what the log says of ends that have a fault, and what can be done. All other ends are in order, or caused
// by a network.
var unusual = map[session.Reason]struct{ words, do string }{
	session.ReasonProtocol: {
		"a session was closed: what came was no WebSocket frame that a client may send",
		"mend that client, or what stands between and changes frames",
	},
	session.ReasonBinary: {
		"a session was closed: it sent a binary frame", "mend that client: text frames, one JSON object in each",
	},
	session.ReasonUTF8: {"a session was closed: it sent a text frame that is not valid UTF-8", "mend that client"},
	session.ReasonFrame: {
		"a session was closed: it sent a frame over limits.frame",
		"let that client hold to limits.frame of welcome, or raise --max-frame",
	},
	session.ReasonBadRequests: {
		"a session was closed: more than 100 bad requests in a minute",
		"mend that client: the lines about refused requests say what is wrong",
	},
	session.ReasonStalled: {
		"a slow reader was closed: its connection took nothing at all for --write-timeout",
		respond.SlowNetwork,
	},
	session.ReasonSilent: {
		"a session was closed: the client sent nothing, and did not answer a ping",
		"nothing, where a device went to sleep or lost its network; a proxy in front must let pings through",
	},
}

// clientFault is what the log says of a client that closed with a code of an error (RFC 6455, 7.4.1). Codes from 3000
// on belong to applications.
var clientFault = struct{ words, do string }{
	"a session was closed by its client, which found fault with what came, or failed itself",
	"look at that program's own log; it must take text frames of up to 512 kB",
}

// findsFault reports whether a client closed its session with a code of an error.
func findsFault(end session.End) bool {
	return end.Reason == session.ReasonClient && end.Code > 1001 && end.Code < 3000 && end.Code != 1005 // 1005: none
}

// Ended is session.Env's Ended.
func (l *Log) Ended(end session.End) {
	l.Metrics.CountClose(end.Reason, end.Code)
	said, is := unusual[end.Reason]
	if findsFault(end) {
		said, is = clientFault, true
	}
	if !is {
		l.Log.Debug().Err(end.Err).Str("session", end.Session).Str("user", string(end.User)).
			Str("reason", string(end.Reason)).
			Msg("session: ended")
		return
	}
	l.Notes.Add(logging.Note{
		Kind: "session: " + string(end.Reason), Level: zerolog.WarnLevel, Words: said.words, Do: said.do,
		Session: end.Session, User: end.User, From: end.From, Via: end.Via, Closed: end.Code, Err: end.Err,
	})
}

// Refused is session.Env's Refused.
func (l *Log) Refused(no session.Refusal) {
	if no.Err == nil {
		l.Notes.Add(logging.Note{
			Kind: "session: unread", Level: zerolog.ErrorLevel, Words: "entries could not be read: it is tried again",
			Do: respond.CheckDisk, Session: no.Session, From: no.From, Via: no.Via,
			Conversation: string(no.Conversation),
			Err:          no.Cause,
		})
		return
	}
	l.Metrics.Errors.WithLabelValues("websocket", string(no.Err.Code)).Inc()
	n := logging.Note{
		Level: zerolog.WarnLevel, Words: "a session's request was refused: " + no.Err.ReasonForLog(),
		Do:      respond.Advice(no.Err),
		Session: no.Session, User: no.User, From: no.From, Via: no.Via, Code: no.Err.Code,
		Conversation: string(no.Conversation), Err: no.Cause,
	}
	refusal := (*identity.Refusal)(nil)
	switch n.Kind = "session: " + string(no.Err.Code); {
	case errors.As(no.Cause, &refusal):
		n.Kind = "session: token: " + refusal.Rule
		n.Words = "a session's new token was refused: " + refusal.Error()
		n.Err = nil
	case no.Cause != nil:
		n.Kind, n.Level, n.Do = "session: failed", zerolog.ErrorLevel, respond.CheckDisk
		n.Words = "a session's request could not be served"
	case respond.Usual(no.Err.Code) || l.Draining():
		return
	}
	l.Notes.Add(n)
}
