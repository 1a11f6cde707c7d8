package server

import (
	"io"
	"net/http"
	"sync"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

// observed is an answer on its way to the client, and what is to be known of it once it is out: for /metrics, and for
// the log where it is a refusal. It belongs to one request.
type observed struct {
	http.ResponseWriter
	route   route
	status  int             // 0: none was sent
	refused *protocol.Error // nil: it was not
	noted   bool            // the log has it already, or need not
	left    bool            // the client went before there was an answer
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

// ReadFrom implements io.ReaderFrom, so that net/http copies a file of the page by its own buffers.
func (o *observed) ReadFrom(from io.Reader) (int64, error) {
	o.begun()
	return io.Copy(o.ResponseWriter, from)
}

func (o *observed) begun() {
	if o.status == 0 {
		o.status = http.StatusOK
	}
}

// answers keeps those that are out, so that a request allocates none.
var answers = sync.Pool{New: func() any { return new(observed) }}

// observe counts what is answered, and has the log told of what is refused.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := answers.Get().(*observed)
		*o = observed{ResponseWriter: w, route: routeOther}
		whole := false
		defer func() { // also where the handler breaks off: what was sent until then counts
			if o.left {
				o.status, o.refused = 0, nil
			}
			s.metrics.http.count(o.route, r.Method, o.status)
			if o.refused != nil {
				s.refused(o, r)
			}
			if *o = (observed{}); whole {
				answers.Put(o)
			}
		}()
		next.ServeHTTP(o, r)
		whole = true
	})
}

// counted has requests counted under a route.
func counted(name route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o, ok := w.(*observed); ok {
			o.route = name
		}
		next.ServeHTTP(w, r)
	})
}

// noted says that the log needs no line for this answer.
func noted(w http.ResponseWriter) {
	if o, ok := w.(*observed); ok {
		o.noted = true
	}
}

// left says that the client went away: what it is told counts for nothing.
func left(w http.ResponseWriter) {
	if o, ok := w.(*observed); ok {
		o.left = true
	}
}

// answeredBeyond notes the status of an answer that net/http does not write.
func answeredBeyond(w http.ResponseWriter, status int) {
	if o, ok := w.(*observed); ok {
		o.status = status
	}
}

// within is net/http's own writer, for what asks it for more than its interface has.
func within(w http.ResponseWriter) http.ResponseWriter {
	if o, ok := w.(*observed); ok {
		return o.ResponseWriter
	}
	return w
}

// refused counts a refusal by its code, and notes it unless it is an answer as any other.
func (s *Server) refused(o *observed, r *http.Request) {
	err := o.refused
	s.metrics.errors.WithLabelValues("http", string(err.Code)).Inc()
	if o.noted || usual[err.Code] || o.status == http.StatusNotFound || s.going.Err() != nil {
		return
	}
	n := note{
		kind: "http: " + string(err.Code), level: zerolog.WarnLevel, words: "a request was refused: " + err.ReasonForLog(),
		do: adviceOn(err), method: r.Method, path: r.URL.Path, code: err.Code,
	}
	n.from, n.via = sender(r, s.proxies.visit(r))
	s.notes.add(n)
}

// usual are errors that well-made programs meet: they say how the record stands.
var usual = map[protocol.Code]bool{
	protocol.CodeNotFound: true, protocol.CodeConflict: true, protocol.CodeOutOfOrder: true, protocol.CodeReset: true,
}

// theProgram is what can be done about a request that the contract does not allow.
const theProgram = "mend the program at that address: docs/protocol has what it may send"

// adviceOn returns what an operator may do about a refusal, or "".
func adviceOn(err *protocol.Error) string {
	if err.Code == protocol.CodeRateLimited && err.RetryAfter == 0 { // of a limit that time does not change
		return "let that program hold to the limits of welcome: docs/protocol has them"
	}
	return advice[err.Code]
}

// advice is what an operator may do about refusals of a code.
var advice = map[protocol.Code]string{
	protocol.CodeBadRequest:          theProgram,
	protocol.CodeUnknownType:         theProgram,
	protocol.CodeInvalidConversation: theProgram,
	protocol.CodeNotJoined:           theProgram,
	protocol.CodeTooLarge: "let that program send less; of what is too large, a higher --max-frame or --max-text " +
		"allows longer frames and texts",
	protocol.CodeRateLimited: "let that program wait as it is told, or start the server with a higher --send-rate; " +
		"where a proxy is at that address, tell the server so: docs/operating/reverse-proxy.md",
	protocol.CodeUnavailable: "look at the lines before this one, and at /readyz",
}
