// Package query reads the parameters of a request's query, and says what is wrong with them.
package query

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"verbatim/protocol"
)

// Query has the parameters of a request, and keeps the first error. It belongs to one request.
type Query struct {
	values url.Values
	Err    error // the first that was found; callers may set it
}

// Parse reads the query of a request, which may have these names, each once.
func Parse(r *http.Request, names ...string) *Query {
	values, problem := Read(r.URL.RawQuery)
	if problem == nil {
		problem = CheckNames(values, names)
	}
	if problem != nil {
		return &Query{Err: problem}
	}
	return &Query{values: values}
}

// Read parses a query.
func Read(raw string) (url.Values, *protocol.Error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, protocol.BadRequest(
			"the query is not well formed: write % as %25, ; as %3B, and what is not ASCII percent-encoded")
	}
	return values, nil
}

// WrongValue refuses a value. The client is told what it was; the log is not, since it may be a secret.
func WrongValue(value, format string, args ...any) *protocol.Error {
	quoted := fmt.Sprintf("%.80q", value)
	return protocol.BadRequest(fmt.Sprintf(format, args...) + ", not " + quoted).WithoutInLog(quoted)
}

// Text returns a value, or "".
func (q *Query) Text(name string) string { return q.values.Get(name) }

// Number returns an optional integer from 0 to 2^53-1. An empty value counts as absent.
func (q *Query) Number(name string) protocol.Number {
	text := q.values.Get(name)
	if q.Err != nil || text == "" {
		return protocol.Number{}
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > protocol.MaxNumber {
		q.Err = WrongValue(text, "%s is an integer from 0 to 2^53-1", name)
		return protocol.Number{}
	}
	return protocol.Number{Value: n, Set: true}
}

// Limit returns how many items are asked for, at least lowest.
func (q *Query) Limit(lowest uint64) int {
	n := q.Number("limit")
	switch {
	case !n.Set:
		return protocol.DefaultPage
	case n.Value < lowest || n.Value > protocol.MaxPage:
		if q.Err == nil {
			q.Err = protocol.Errorf(protocol.CodeBadRequest, "limit is %d: give one from %d to %d",
				n.Value, lowest, protocol.MaxPage)
		}
		return 0
	default:
		return int(n.Value)
	}
}

// Seconds returns an optional duration, at most longest.
func (q *Query) Seconds(name string, longest time.Duration) time.Duration {
	text := q.values.Get(name)
	if q.Err != nil || text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > longest.Seconds() {
		q.Err = WrongValue(text, "%s is a number of seconds from 0 to %v", name, longest.Seconds())
		return 0
	}
	return time.Duration(n * float64(time.Second))
}
