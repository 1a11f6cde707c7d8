package server

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"verbatim/protocol"
)

// query reads the parameters of a request and keeps the first thing that is wrong with them.
type query struct {
	values url.Values
	err    error
}

// parseQuery reads a query that may have these names, each once.
func parseQuery(r *http.Request, names ...string) *query {
	values, problem := readQuery(r.URL.RawQuery)
	if problem == nil {
		problem = checkNames(values, names)
	}
	if problem != nil {
		return &query{err: problem}
	}
	return &query{values: values}
}

func readQuery(raw string) (url.Values, *protocol.Error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, protocol.BadRequest(
			"the query is not well formed: write % as %25, ; as %3B, and what is not ASCII percent-encoded")
	}
	return values, nil
}

// wrongValue refuses a value of the query. The client is told what it was; the log is not, for it may be a secret.
func wrongValue(value, format string, args ...any) *protocol.Error {
	quoted := fmt.Sprintf("%.80q", value)
	return protocol.BadRequest(fmt.Sprintf(format, args...) + ", not " + quoted).WithoutInLog(quoted)
}

func (q *query) text(name string) string { return q.values.Get(name) }

// number reads an optional integer from 0 to 2^53-1; one that is empty is as absent.
func (q *query) number(name string) protocol.Number {
	text := q.values.Get(name)
	if q.err != nil || text == "" {
		return protocol.Number{}
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > protocol.MaxNumber {
		q.err = wrongValue(text, "%s is an integer from 0 to 2^53-1", name)
		return protocol.Number{}
	}
	return protocol.Number{Value: n, Set: true}
}

// limit reads how many are asked for, from `least` on.
func (q *query) limit(least uint64) int {
	n := q.number("limit")
	switch {
	case !n.Set:
		return protocol.DefaultPage
	case n.Value < least || n.Value > protocol.MaxPage:
		if q.err == nil {
			q.err = protocol.Errorf(protocol.CodeBadRequest, "limit is %d: give one from %d to %d", n.Value, least, protocol.MaxPage)
		}
		return 0
	default:
		return int(n.Value)
	}
}

// seconds reads an optional duration, at most `most`.
func (q *query) seconds(name string, most time.Duration) time.Duration {
	text := q.values.Get(name)
	if q.err != nil || text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > most.Seconds() {
		q.err = wrongValue(text, "%s is a number of seconds from 0 to %v", name, most.Seconds())
		return 0
	}
	return time.Duration(n * float64(time.Second))
}
