package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"

	"github.com/rs/zerolog"
	"golang.org/x/net/http/httpguts"

	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/respond"
	"verbatim/session"
)

// serveWebSocket answers GET /ws. It hands the connection to a goroutine of its own and returns, so that net/http
// frees what it kept for the request.
func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if s.draining() {
		s.respond.Fail(w, r, protocol.Unavailable("the server is draining: connect again", respond.RetryDelay()))
		return
	}
	if missing := notUpgraded(r); missing != "" {
		s.askForUpgrade(w, r, missing)
		return
	}
	who := s.receive(r)
	if who.free == nil {
		s.metrics.refused.WithLabelValues("overfull").Inc()
		s.noteRefused(r, "overfull", nil)
		respond.Noted(w)
		w.Header().Set("Connection", "close") // others need it more
		s.respond.Fail(w, r, protocol.Unavailable("the server is refusing too many connections to say why it refuses this one: try again later", respond.RetryDelay()))
		return
	}
	conn, err := session.Upgrade(w, r)
	if err != nil { // it has answered
		s.noteNoUpgrade(r, err)
		who.free()
		return
	}
	if who.refused != "" {
		s.metrics.refused.WithLabelValues(who.refused).Inc()
		s.noteRefused(r, who.refused, who.told)
	}
	conn.From, conn.Via = s.proxies.Visit(r).Sender(r)
	// The goroutine is the server's: it waits for the client, and ends when the client is gone or the drain
	// has told it to leave; a refusal's ends within 5 s. drain waits for it.
	started := s.sessions.start(func() {
		defer who.free()
		who.serve(conn)
	})
	if !started {
		conn.Refuse(nil, protocol.CloseGoingAway, protocol.RetryReason("the server is draining", respond.RetryDelay()))
		who.free()
	}
}

// notUpgraded names what a request lacks to become a WebSocket: what a proxy that does not know of them takes away.
// It is "" where nothing is missing.
func notUpgraded(r *http.Request) string {
	switch {
	case !r.ProtoAtLeast(1, 1):
		return "Upgrade by HTTP/1.1"
	case !httpguts.HeaderValuesContainsToken(r.Header["Upgrade"], "websocket"):
		return "Upgrade"
	case !httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade"):
		return "Connection"
	}
	return ""
}

// askForUpgrade answers a plain request to /ws, which the page sends too, to learn why it gets no WebSocket.
func (s *Server) askForUpgrade(w http.ResponseWriter, r *http.Request, missing string) {
	problem := protocol.Errorf(protocol.CodeBadRequest,
		"here is a WebSocket, and the request has no %s for one: use a WebSocket client, and let a proxy in front pass "+
			"Upgrade and Connection on, by HTTP/1.1 (docs/operating/reverse-proxy.md)", missing)
	if r.Header.Get("Sec-WebSocket-Key") != "" { // the client sent the header, and something in between removed it
		n := logging.Note{
			Kind: "connection: no upgrade", Level: zerolog.WarnLevel, Words: "a connection was refused: " + problem.Reason,
			Header: missing, Value: r.Proto + " " + r.Header.Get(missing), Method: r.Method, Path: r.URL.Path,
			Code: problem.Code,
		}
		n.From, n.Via = s.proxies.Visit(r).Sender(r)
		s.notes.Add(n)
	}
	respond.Noted(w) // a plain request is no refusal
	// The header is meant for the next hop. nginx passes it on to clients that speak HTTP/2, some of which (curl, Safari)
	// take that for a broken answer, and then the page could not learn what is wrong. The page asks by POST.
	if r.Method != http.MethodPost && !s.proxies.Visit(r).Forwarded {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
	}
	respond.Refuse(w, http.StatusUpgradeRequired, problem)
}

// newcomer is what becomes of a connection: a session, or a refusal in words.
type newcomer struct {
	refused string              // why, for the metrics; "": it is a session
	told    *protocol.Error     // what the refused are told; nil: nothing but the close
	serve   func(*session.Conn) // fixed; ends with the connection
	free    func()              // gives the place back; nil: there was not even one to be refused in
}

// receive decides what becomes of a connection, and takes a place for it. Who is refused takes no place of those who are
// let in.
func (s *Server) receive(r *http.Request) newcomer {
	from := s.proxies.Visit(r).Addr
	user, joins, err := whoComes(r.URL.RawQuery)
	if err != nil {
		who := s.turnAway(from, "name", func(conn *session.Conn) {
			// The close has the reason too: Firefox may drop a frame that comes with the handshake's answer and a close.
			conn.Refuse(protocol.Frame(protocol.Failure{Err: err}), protocol.ClosePolicy, err.Reason)
		})
		who.told = err
		return who
	}
	place, ok := s.connections.Take(from)
	if !ok {
		return s.turnAway(from, "crowded", func(conn *session.Conn) {
			conn.Refuse(nil, protocol.CloseTryAgain, protocol.RetryReason("too many connections", respond.RetryDelay()))
		})
	}
	return newcomer{free: func() { s.connections.Free(place) }, serve: func(conn *session.Conn) {
		_ = session.Run(context.Background(), conn, s.env, user, joins) // ended hears of it
	}}
}

// turnAway takes one of the places for those who are being refused.
func (s *Server) turnAway(from netip.Addr, why string, say func(*session.Conn)) newcomer {
	place, ok := s.refusals.Take(from)
	if !ok {
		return newcomer{}
	}
	return newcomer{refused: why, serve: say, free: func() { s.refusals.Free(place) }}
}

// whoComes reads the user's name and the conversations to join at once.
func whoComes(rawQuery string) (protocol.UserID, []string, *protocol.Error) {
	values, problem := readQuery(rawQuery)
	if problem == nil {
		problem = checkNames(values, []string{"name"}, "join")
	}
	if problem != nil {
		return "", nil, problem
	}
	if !values.Has("name") {
		return guest(), values["join"], nil
	}
	user, problem := protocol.Name(values.Get("name"))
	if problem != nil {
		return "", nil, problem
	}
	return protocol.UserID(strings.Clone(string(user))), values["join"], nil // not the whole request line for the session's life
}

// guest makes a name up, which nobody guesses.
func guest() protocol.UserID {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return protocol.UserID("guest-" + hex.EncodeToString(b[:]))
}
