package gate

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"verbatim/protocol"
	"verbatim/server/limit"
	"verbatim/server/respond"
)

// What the gate learns from net/http of the requests on its connections.

// ConnState is an http.Server's ConnState.
func (g *Gate) ConnState(c net.Conn, now http.ConnState) {
	a := arrivalOf(c)
	if a == nil {
		return
	}
	if victim := g.follow(a, now); victim != nil {
		g.end("idle", victim)
	}
}

// follow brings a connection into the state that net/http reports. It returns the connection that must end because
// there is now one idle connection too many, or nil.
func (g *Gate) follow(a *arrival, now http.ConnState) (victim *arrival) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch now {
	case http.StateActive: // the first bytes of a request
		if a.state.between() {
			g.move(a, handshaking)
		}
	case http.StateIdle:
		if a.networks == (limit.Path[tally]{}) {
			g.move(a, pooled)
		} else {
			g.move(a, idle)
		}
		a.handled.Store(false)
		if g.waiting[idle].Len() > g.o.Handshakes {
			victim = g.oldest(idle, -1)
			g.close(victim)
		}
	case http.StateHijacked:
		g.move(a, hijacked)
	}
	return victim
}

// arrivalOf returns the gate's connection below one of net/http's, or nil.
func arrivalOf(c net.Conn) *arrival {
	for {
		if a, ok := c.(*arrival); ok {
			return a
		}
		outer, ok := c.(interface{ NetConn() net.Conn }) // TLS
		if !ok {
			return nil
		}
		c = outer.NetConn()
	}
}

type arrivalKey struct{} // of a request's *arrival in its context

// ConnContext is an http.Server's ConnContext.
func (g *Gate) ConnContext(ctx context.Context, c net.Conn) context.Context {
	if a := arrivalOf(c); a != nil {
		return context.WithValue(ctx, arrivalKey{}, a)
	}
	return ctx
}

// Handler must come before all other handlers. A request without a body is complete when it gets here, and one whose
// body has no meaning once that was read; a POST's handler calls Complete. If the request's connection was counted out
// in the meantime, no handler gets it: what it began would break off.
func (g *Gate) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, counted := r.Context().Value(arrivalKey{}).(*arrival)
		begin := func() {
			if counted && !g.begin(a) {
				panic(http.ErrAbortHandler) // net/http closes the connection
			}
		}
		reads := r.Method == http.MethodPost || r.Method == http.MethodPut // a handler reads the body
		if !reads && r.ContentLength != 0 && !skipBody(w, r, begin) {
			return
		}
		begin()
		if !reads || r.ContentLength == 0 {
			Complete(r)
		}
		next.ServeHTTP(w, r)
	})
}

// maxSkipped is the most bytes that are read of a body that has no meaning.
const maxSkipped = 64 << 10

// skipBody reads a body that has no meaning, or refuses the request and returns false.
//
// No handler reads such a body. While a long poll waits, it would stay unread, and then the connection would look like
// one whose request the server has not read, and would never be closed; and net/http would not notice that the client
// is gone. A body that breaks off is refused as that of a POST is. No handler has the request until the body's end, so
// that a drain does not wait for it; therefore begin is called before a refusal.
func skipBody(w http.ResponseWriter, r *http.Request, begin func()) bool {
	switch _, err := io.CopyN(io.Discard, r.Body, maxSkipped+1); {
	case err == nil:
		begin()
		w.Header().Set("Connection", "close") // the rest is not read
		respond.Refuse(w, http.StatusRequestEntityTooLarge, protocol.Errorf(protocol.CodeTooLarge,
			"a body has no meaning here, and this one has more than %d bytes: send the request without one",
			maxSkipped))
		return false
	case !errors.Is(err, io.EOF): // it is malformed, or was too slow, or the client is gone
		begin()
		w.Header().Set("Connection", "close") // it is not known where the next request would begin
		respond.Refuse(w, http.StatusBadRequest, protocol.BadRequest(
			"a body has no meaning here, and this one could not be read to its end: send the request without one"))
		return false
	}
	return true
}

// begin notes that a handler has the request of a connection, or returns false if the connection was counted out.
func (g *Gate) begin(a *arrival) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a.answer = "" // what net/http sent to ask for the body is no answer
	a.handled.Store(a.state != ended)
	return a.handled.Load()
}

// Complete notes that a whole request has come. Until then its connection counts as one that has not completed a
// request.
func Complete(r *http.Request) {
	a, ok := r.Context().Value(arrivalKey{}).(*arrival)
	if !ok {
		return // a test's request
	}
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	if a.state == handshaking {
		a.gate.move(a, answering)
	}
}

// Dismiss closes the connections on which no request is being answered, such as those that browsers open in advance:
// net/http would wait 5 s for them, and longer for one that has sent a byte.
func (g *Gate) Dismiss() {
	g.mu.Lock()
	var all []*arrival
	for at := g.waiting[handshaking].Front(); at != nil; at = at.Next() {
		if a := at.Value.(*arrival); !a.handled.Load() {
			all = append(all, a)
		}
	}
	for _, a := range all {
		g.close(a)
	}
	g.mu.Unlock()

	for _, a := range all {
		_ = a.Conn.Close() // no request came on it
	}
}
