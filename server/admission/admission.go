// Package admission decides which connections become sessions, starts them, and tells the log and /metrics how they
// end.
//
// It promises that a connection that is refused takes no slot of those that are admitted, and that a refused client
// learns why, as long as not too many are refused at the same time.
package admission

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"

	"github.com/rs/zerolog"

	"verbatim/identity"
	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/auth"
	"verbatim/server/limit"
	"verbatim/server/logging"
	"verbatim/server/metrics"
	"verbatim/server/query"
	"verbatim/server/respond"
	"verbatim/session"
)

// Admission admits WebSocket clients and event streams. Safe for concurrent use.
type Admission struct {
	// Fixed.
	Auth        *auth.Auth
	Env         *session.Env
	Connections *limit.Connections // sessions and event streams
	Refusals    *limit.Connections // connections that are told why they become no session
	Sessions    *Sessions

	Visit    func(*http.Request) access.Visit
	Respond  *respond.Responder
	Metrics  *metrics.Metrics
	Notes    *logging.Notes
	Draining func() bool
}

// decision is what becomes of a connection: a session, or a refusal that says why.
type decision struct {
	refused string              // the reason, for /metrics; "": it becomes a session
	token   *identity.Refusal   // why its token was refused; nil: it was not
	told    *protocol.Error     // what a refused client is told; nil: nothing but the close
	serve   func(*session.Conn) // ends with the connection
	free    func()              // gives the slot back; nil: there was not even a slot for a refusal
}

// decide decides what becomes of a connection, and takes a slot for it.
func (a *Admission) decide(r *http.Request) decision {
	from := a.Visit(r).Addr
	who, query, refused := a.Auth.Identify(r, true)
	if refused != nil {
		return a.refuseToken(from, auth.AsRefusal(refused))
	}
	user, joins, err := identify(query, who)
	if err == nil && who != nil && user != who.Subject.User {
		return a.refuseToken(from, identity.Refuse("?name= is another than its sub"))
	}
	if err != nil {
		d := a.refuse(from, "name", func(conn *session.Conn) {
			// The close has the reason too: Firefox may drop a frame that comes with the answer to the handshake and a
			// close.
			conn.Refuse(protocol.Frame(protocol.Failure{Err: err}), protocol.ClosePolicy, err.Reason)
		})
		d.told = err
		return d
	}
	slot, ok := a.Connections.Take(from)
	if !ok {
		return a.refuse(from, "crowded", func(conn *session.Conn) {
			conn.Refuse(nil, protocol.CloseTryAgain, protocol.RetryReason("too many connections", respond.RetryDelay()))
		})
	}
	return decision{free: func() { a.Connections.Free(slot) }, serve: func(conn *session.Conn) {
		// Log.Ended gets the error.
		_ = session.Run(context.Background(), conn, a.Env, session.User{ID: user, Identity: who}, joins)
	}}
}

// refuseToken refuses a connection for its token. The client learns no more than the public part of it.
func (a *Admission) refuseToken(from netip.Addr, refusal *identity.Refusal) decision {
	d := a.refuse(from, "token", func(conn *session.Conn) { conn.Refuse(nil, closeCode(refusal), refusal.Public) })
	d.token = refusal
	return d
}

// closeCode returns what a connection is closed with that is refused for its token.
func closeCode(refusal *identity.Refusal) protocol.CloseCode {
	if refusal.Blocked {
		return protocol.CloseForbidden
	}
	return protocol.CloseToken
}

// refuse takes a slot for a refusal.
func (a *Admission) refuse(from netip.Addr, reason string, say func(*session.Conn)) decision {
	slot, ok := a.Refusals.Take(from)
	if !ok {
		return decision{}
	}
	return decision{refused: reason, serve: say, free: func() { a.Refusals.Free(slot) }}
}

// TakeForStream takes a slot for an event stream, or returns false if there is none, which it counts and notes. The
// caller gives it back to Connections.
func (a *Admission) TakeForStream(r *http.Request) (limit.Slot, bool) {
	slot, ok := a.Connections.Take(a.Visit(r).Addr)
	if !ok {
		a.Metrics.Refused.WithLabelValues("crowded").Inc()
		said := refusedWords["crowded"]
		n := logging.Note{
			Kind: "connection: crowded", Level: zerolog.WarnLevel, Words: said.words, Do: said.do, Path: r.URL.Path,
			Code: protocol.CodeUnavailable,
		}
		n.From, n.Via = a.Visit(r).Sender(r)
		a.Notes.Add(n)
	}
	return slot, ok
}

// identify reads the user's name, and the conversations to join at once. The name of who has a token is the token's.
func identify(rawQuery string, who *identity.Identity) (protocol.UserID, []string, *protocol.Error) {
	values, problem := query.Read(rawQuery)
	if problem == nil {
		problem = query.CheckNames(values, []string{"name"}, "join")
	}
	if problem != nil {
		return "", nil, problem
	}
	switch {
	case values.Has("name"):
	case who != nil:
		return who.Subject.User, values["join"], nil
	default:
		return guest(), values["join"], nil
	}
	user, problem := protocol.Name(values.Get("name"))
	if problem != nil {
		return "", nil, problem
	}
	// A copy, so that the session does not keep the whole request line.
	return protocol.UserID(strings.Clone(string(user))), values["join"], nil
}

// guest returns a random name, which nobody can guess.
func guest() protocol.UserID {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return protocol.UserID("guest-" + hex.EncodeToString(b[:]))
}
