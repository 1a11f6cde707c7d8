package api

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/admission"
	"verbatim/server/auth"
	"verbatim/server/query"
	"verbatim/server/respond"
	"verbatim/session"
)

const eventStream = "text/event-stream"

// wantsEvents reports whether a request for messages asks for a stream of events: it names that type, and does not like
// JSON better. Of two that it names and likes alike, the first counts.
func wantsEvents(r *http.Request) bool {
	events, page, anything := 0.0, -1.0, 0.0
	first := false
	for _, member := range listed(r.Header, "Accept") {
		kind, parameters, err := mime.ParseMediaType(member)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, ok := parameters["q"]; ok {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		switch kind {
		case eventStream:
			events, first = weight, page < 0
		case mediaType:
			page = weight
		case "application/*", "*/*":
			anything = max(anything, weight)
		}
	}
	if page < 0 { // it is not named
		page = anything
	}
	return events > page || events > 0 && events == page && first
}

// Streams answers GET /api/conversations/{id}/messages with server-sent events: the entries that the request asks for,
// and then live ones. A stream is treated like a WebSocket: it takes a slot, nobody waits for its reader, and a drain
// ends it.
type Streams struct {
	// Fixed.
	Store     *persistence.Store
	Admission *admission.Admission
	Respond   *respond.Responder
	MaxPage   int // bytes of a page, at most
}

// serve answers a request for a stream of a conversation.
func (s *Streams) serve(w http.ResponseWriter, r *http.Request, id protocol.ConversationID) {
	e, err := s.read(r, id)
	if err != nil {
		s.Respond.Fail(w, r, err)
		return
	}
	setEventHeaders(w.Header())
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	if s.Admission.Draining() {
		s.refuse(w, r, "the server is draining: connect again")
		return
	}
	slot, ok := s.Admission.TakeForStream(r)
	if !ok {
		respond.Noted(w)
		s.refuse(w, r, "too many connections: try again later")
		return
	}
	e.Identity = auth.Of(r)
	e.Head = eventsHead(w.Header())
	conn, err := session.TakeOver(w)
	if err != nil {
		s.Admission.Connections.Free(slot)
		s.Respond.Fail(w, r, fmt.Errorf("http: take a connection over: %w", err))
		return
	}
	respond.Answered(w, http.StatusOK)
	conn.From, conn.Via = s.Respond.Sender(r)
	// The goroutine is owned by Sessions, for which the drain waits. It waits for the client and for entries, and ends
	// when the client is gone or the drain has told it to leave.
	started := s.Admission.Sessions.Start(func() {
		defer s.Admission.Connections.Free(slot)
		session.RunEvents(context.Background(), conn, s.Admission.Env, e)
	})
	if !started { // the drain has begun in the meantime
		conn.Close()
		s.Admission.Connections.Free(slot)
	}
}

// refuse tells a client to come back later.
func (s *Streams) refuse(w http.ResponseWriter, r *http.Request, words string) {
	w.Header().Del("X-Accel-Buffering")
	w.Header().Set("Connection", "close") // others need it more
	s.Respond.Fail(w, r, protocol.Unavailable(words, respond.RetryDelay()))
}

func setEventHeaders(h http.Header) {
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store, no-transform") // a proxy that compresses would hold events back
	h.Set("X-Accel-Buffering", "no")                 // nginx
	h.Set("X-Content-Type-Options", "nosniff")
}

// eventsHead returns the head of the answer. The body ends with the connection, which every version of HTTP
// understands.
func eventsHead(h http.Header) []byte {
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	_ = h.Write(&head) // a buffer takes everything
	head.WriteString("\r\n")
	return head.Bytes()
}

// read reads where a stream begins: Last-Event-ID, which a browser sends when it comes back, counts before
// `after`.
func (s *Streams) read(r *http.Request, id protocol.ConversationID) (e session.Events, err error) {
	asked, err := readPageRequest(r, s.MaxPage)
	if err != nil {
		return e, err
	}
	if asked.wait > 0 || asked.Before.Set {
		return e, protocol.BadRequest("a stream of events goes on for ever: leave before and wait out")
	}
	seen, problem := lastEventID(r.Header)
	if problem != nil {
		return e, problem
	}
	tail, err := s.Store.Tail(id)
	if err != nil {
		return e, err
	}
	e = session.Events{Conversation: id, After: asked.After, Limit: asked.Limit}
	if e.Reset, err = s.knowsAnother(r.Context(), id, tail, asked, seen); err != nil {
		return e, err
	}
	switch {
	case e.Reset && asked.After.Value > 0: // in another record it has no meaning
		e.After = protocol.Number{}
	case e.Reset:
	case seen.Set:
		e.After = seen
	case protocol.Seq(asked.After.Value) > tail.Last:
		return e, protocol.BeyondLast("after", protocol.Seq(asked.After.Value), tail.Last)
	}
	return e, nil
}

// knowsAnother reports whether a client knows another record of a conversation: another log, an entry that is not
// there, or one that has another sum.
func (s *Streams) knowsAnother(
	ctx context.Context, id protocol.ConversationID, tail persistence.Tail, asked pageRequest, seen protocol.Number,
) (bool, error) {
	switch {
	case asked.log != "" && asked.log != tail.Log, protocol.Seq(seen.Value) > tail.Last:
		return true, nil
	case !asked.known.Set:
		return false, nil
	}
	same, err := s.Store.Holds(ctx, id, protocol.Seq(asked.known.Value), asked.sum)
	return err == nil && !same, err
}

// lastEventID returns the seq of the last event that a client had, if it names one.
func lastEventID(h http.Header) (protocol.Number, *protocol.Error) {
	values := h.Values("Last-Event-ID")
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return protocol.Number{}, nil
	case len(values) > 1:
		return protocol.Number{}, protocol.BadRequest(
			"the header Last-Event-ID was sent more than once, and has one value")
	}
	n, err := strconv.ParseUint(values[0], 10, 64)
	if err != nil || n > protocol.MaxNumber {
		return protocol.Number{}, query.WrongValue(values[0],
			"the header Last-Event-ID is the seq of the last event, an integer from 0 to 2^53-1")
	}
	return protocol.Number{Value: n, Set: true}, nil
}
