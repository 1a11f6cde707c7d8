// Package respond writes the answers of HTTP requests, and tells the log and /metrics what became of them.
//
// It promises that every error ends in one place (Responder.Fail): clients get what is meant for them, and the log gets
// the rest, once.
package respond

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"verbatim/protocol"
	"verbatim/server/logging"
)

// statuses is the HTTP status of each code of the contract.
var statuses = map[protocol.Code]int{
	protocol.CodeBadRequest:          http.StatusBadRequest,
	protocol.CodeInvalidConversation: http.StatusBadRequest,
	protocol.CodeUnknownType:         http.StatusBadRequest,
	protocol.CodeUnauthorized:        http.StatusUnauthorized,
	protocol.CodeForbidden:           http.StatusForbidden,
	protocol.CodeNotFound:            http.StatusNotFound,
	protocol.CodeConflict:            http.StatusConflict,
	protocol.CodeOutOfOrder:          http.StatusConflict,
	protocol.CodeReset:               http.StatusConflict,
	protocol.CodeTooLarge:            http.StatusRequestEntityTooLarge,
	protocol.CodeRateLimited:         http.StatusTooManyRequests,
	protocol.CodeUnavailable:         http.StatusServiceUnavailable,
}

// Fail answers a request with an error. A *protocol.Error is meant for the client and goes to it. Any other error is
// logged here and becomes `unavailable`.
func (a *Responder) Fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *protocol.Error
	switch {
	case errors.As(err, &known):
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		if r.Context().Err() != nil {
			clientLeft(w) // and nobody reads this answer, unless the client has closed only its sending end
		}
		known = protocol.Unavailable(
			"the server did not come to it in time: try again, a message with the same id", time.Second)
	default:
		a.noteFailure(r, err)
		Noted(w)
		known = protocol.Unavailable("the server could not do it just now: try again; its log says more", time.Second)
	}
	status, ok := statuses[known.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	Refuse(w, status, known)
}

// noteFailure notes a request that the server could not serve.
func (a *Responder) noteFailure(r *http.Request, err error) {
	n := logging.Note{
		Kind: "http: failed", Level: zerolog.ErrorLevel, Words: "http: a request failed", Err: err,
		Method: r.Method, Path: r.URL.Path, Do: CheckDisk,
	}
	n.From, n.Via = a.Sender(r)
	a.Notes.Add(n)
}

// Refuse answers with an error and a status.
func Refuse(w http.ResponseWriter, status int, err *protocol.Error) {
	if o, ok := w.(*observed); ok {
		o.refused = err
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
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
	JSON(w, status, append(text, '\n'))
}

// JSON answers with a body that is JSON already. A failed write means that the client is gone.
func JSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// RetryDelay returns when a client that is sent away should come back: at a random time between 1 and 5 s, so that not
// all come back at once.
func RetryDelay() time.Duration { return time.Second + rand.N(4*time.Second) }

// ExtendDeadlines gives a request more time than the server usually allows: its answer may take that long.
func ExtendDeadlines(w http.ResponseWriter, more time.Duration) {
	c := http.NewResponseController(w)
	// An error means a connection without deadlines, as in tests.
	_ = c.SetReadDeadline(time.Time{}) // the request is read; further reading only notices that the client leaves
	_ = c.SetWriteDeadline(time.Now().Add(more))
}
