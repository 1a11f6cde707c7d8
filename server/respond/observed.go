package respond

import (
	"io"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"verbatim/protocol"
	"verbatim/server/logging"
)

// Responder answers requests with errors, and counts and logs what is answered. Safe for concurrent use.
type Responder struct {
	// Fixed.
	Notes    *logging.Notes
	Sender   func(*http.Request) (from, via string) // who sent a request, and the proxy that speaks for them, or ""
	Requests *Requests
	Errors   *prometheus.CounterVec // by transport and code
	Draining func() bool            // refusals while the server drains are not logged
}

// observed is an answer on its way to the client, and what is to be known of it afterwards: for /metrics, and for the
// log if it is a refusal. It belongs to one request.
type observed struct {
	http.ResponseWriter
	route   Route
	status  int             // 0: none was sent
	refused *protocol.Error // nil: it is no refusal
	noted   bool            // the log has it already, or need not have it
	left    bool            // the client left before there was an answer
}

// Unwrap is http.ResponseController's.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (o *observed) Write(b []byte) (int, error) {
	o.begun()
	return o.ResponseWriter.Write(b)
}

// ReadFrom implements io.ReaderFrom, so that net/http copies the page's files with its own buffers.
func (o *observed) ReadFrom(from io.Reader) (int64, error) {
	o.begun()
	return io.Copy(o.ResponseWriter, from)
}

func (o *observed) begun() {
	if o.status == 0 {
		o.status = http.StatusOK
	}
}

// pool keeps unused answers, so that a request allocates none.
var pool = sync.Pool{New: func() any { return new(observed) }}

// Observe counts what is answered, and logs what is refused.
func (a *Responder) Observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := pool.Get().(*observed)
		*o = observed{ResponseWriter: w, route: RouteOther}
		returned := false
		defer func() { // runs also if the handler panics: what was sent until then counts
			if o.left {
				o.status, o.refused = 0, nil
			}
			a.Requests.count(o.route, r.Method, o.status)
			if o.refused != nil {
				a.refused(o, r)
			}
			if *o = (observed{}); returned {
				pool.Put(o)
			}
		}()
		next.ServeHTTP(o, r)
		returned = true
	})
}

// Counted counts the requests that it passes on as those of a route.
func Counted(route Route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o, ok := w.(*observed); ok {
			o.route = route
		}
		next.ServeHTTP(w, r)
	})
}

// Noted says that the log needs no line for this answer.
func Noted(w http.ResponseWriter) {
	if o, ok := w.(*observed); ok {
		o.noted = true
	}
}

// clientLeft says that the client left, so that this answer does not count.
func clientLeft(w http.ResponseWriter) {
	if o, ok := w.(*observed); ok {
		o.left = true
	}
}

// Answered notes the status of an answer that net/http does not write.
func Answered(w http.ResponseWriter, status int) {
	if o, ok := w.(*observed); ok {
		o.status = status
	}
}

// Underlying returns net/http's own writer, for code that needs more than http.ResponseWriter.
func Underlying(w http.ResponseWriter) http.ResponseWriter {
	if o, ok := w.(*observed); ok {
		return o.ResponseWriter
	}
	return w
}

// refused counts a refusal by its code, and logs it unless it is an answer like any other.
func (a *Responder) refused(o *observed, r *http.Request) {
	err := o.refused
	a.Errors.WithLabelValues("http", string(err.Code)).Inc()
	if o.noted || Usual(err.Code) || o.status == http.StatusNotFound || a.Draining() {
		return
	}
	n := logging.Note{
		Kind: "http: " + string(err.Code), Level: zerolog.WarnLevel,
		Words: "a request was refused: " + err.ReasonForLog(),
		Do:    Advice(err), Method: r.Method, Path: r.URL.Path, Code: err.Code,
	}
	n.From, n.Via = a.Sender(r)
	a.Notes.Add(n)
}
