package server

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

// statuses is the HTTP status of each code of the contract.
var statuses = map[protocol.Code]int{
	protocol.CodeBadRequest:          http.StatusBadRequest,
	protocol.CodeInvalidConversation: http.StatusBadRequest,
	protocol.CodeUnknownType:         http.StatusBadRequest,
	protocol.CodeForbidden:           http.StatusForbidden,
	protocol.CodeNotFound:            http.StatusNotFound,
	protocol.CodeConflict:            http.StatusConflict,
	protocol.CodeOutOfOrder:          http.StatusConflict,
	protocol.CodeReset:               http.StatusConflict,
	protocol.CodeTooLarge:            http.StatusRequestEntityTooLarge,
	protocol.CodeRateLimited:         http.StatusTooManyRequests,
	protocol.CodeUnavailable:         http.StatusServiceUnavailable,
}

// fail is the one place where an HTTP request's error ends: what is meant for the client goes to it, and anything
// else is logged here and becomes `unavailable`.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *protocol.Error
	switch {
	case errors.As(err, &known):
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		if r.Context().Err() != nil {
			left(w) // and nobody reads this, unless only the client's sending end is closed
		}
		known = protocol.Unavailable("the server did not come to it in time: try again, a message with the same id", time.Second)
	default:
		s.failed(r, err)
		noted(w)
		known = protocol.Unavailable("the server could not do it just now: try again; its log says more", time.Second)
	}
	status, ok := statuses[known.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	refuse(w, status, known)
}

// failed notes a request that the server could not serve.
func (s *Server) failed(r *http.Request, err error) {
	n := note{
		kind: "http: failed", level: zerolog.ErrorLevel, words: "http: a request failed", err: err,
		method: r.Method, path: r.URL.Path, do: lookAtDisk,
	}
	n.from, n.via = sender(r, s.proxies.visit(r))
	s.notes.add(n)
}

// refuse writes an error with its status.
func refuse(w http.ResponseWriter, status int, err *protocol.Error) {
	if o, ok := w.(*observed); ok {
		o.refused = err
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(err.RetryAfter.Seconds())))))
	}
	var body struct {
		Error struct {
			Code   protocol.Code `json:"code"`
			Reason string        `json:"reason"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Reason = err.Code, err.Reason
	text, encodingErr := json.Marshal(body)
	if encodingErr != nil {
		panic("server: encoding an error: " + encodingErr.Error()) // two strings always encode
	}
	writeJSON(w, status, append(text, '\n'))
}

// writeJSON answers with a body that is JSON already. A failed write means that the client is gone.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func notFound(id protocol.ConversationID) *protocol.Error {
	return protocol.Errorf(protocol.CodeNotFound, "there is no conversation %q: it exists from its first message on", id)
}

func isNotFound(err error) bool {
	var known *protocol.Error
	return errors.As(err, &known) && known.Code == protocol.CodeNotFound
}
