package client

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"verbatim/protocol"
)

// refused is the error of an upgrade that the server answered with another HTTP status than 101.
type refused struct {
	status int
	after  time.Duration // the answer's Retry-After
	err    error         // the WebSocket library's
	reason string        // the server's own; empty if something else answered
}

func (r *refused) Error() string {
	text := http.StatusText(r.status)
	if r.reason != "" {
		return fmt.Sprintf("client: the server answered with %d %s: %s", r.status, text, r.reason)
	}
	return fmt.Sprintf("client: the server answered the upgrade with %d %s: %v", r.status, text, r.err)
}

func (r *refused) Unwrap() error { return r.err }

// reasonIn returns the reason in the server's error body, or "" if something else answered. The WebSocket library has
// read the beginning of the body.
func reasonIn(answer *http.Response) string {
	var body struct {
		Error struct {
			Reason string `json:"reason"`
		} `json:"error"`
	}
	if answer.Body == nil || json.UnmarshalRead(answer.Body, &body) != nil {
		return ""
	}
	return body.Error.Reason
}

// classify returns how long the server asked this client to stay away, and whether another connection is useless,
// given why the last one ended.
func classify(err error) (asked time.Duration, final bool) {
	var no *refused
	if errors.As(err, &no) {
		temporary := no.status >= 500 ||
			no.status == http.StatusTooManyRequests || no.status == http.StatusRequestTimeout
		return no.after, !temporary
	}
	var closed websocket.CloseError
	if !errors.As(err, &closed) {
		return 0, false
	}
	switch protocol.CloseCode(closed.Code) {
	case protocol.ClosePolicy, protocol.CloseToken, protocol.CloseForbidden:
		return 0, true
	}
	return retryAfter(closed.Reason), false
}

// isTooBig reports whether a connection was closed because of a frame over a limit. This client keeps to the server's
// limit, so the limit is that of a proxy before it.
func isTooBig(err error) bool {
	var closed websocket.CloseError
	return errors.As(err, &closed) && protocol.CloseCode(closed.Code) == protocol.CloseTooBig
}

var retryAfterAtEnd = regexp.MustCompile(`(?:^|\s)retry_after=([0-9.]+)$`)

// retryAfter returns the retry_after at the end of a close reason (1001 and 1013), or 0 if there is none.
func retryAfter(reason string) time.Duration {
	if m := retryAfterAtEnd.FindStringSubmatch(reason); m != nil {
		return seconds(m[1])
	}
	return 0
}

// seconds parses a number of seconds, up to maxRetryAfter. It returns 0 for anything else.
func seconds(text string) time.Duration {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0) {
		return 0
	}
	return time.Duration(min(n, maxRetryAfter.Seconds()) * float64(time.Second))
}
