package server

import (
	"net/http"
	"slices"
	"strings"

	"verbatim/protocol"
	"verbatim/server/respond"
)

// methods are the handlers of a path by method. HEAD is answered as GET, and any other method with an error that names
// the ones that there are.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, ok := m[method]; ok {
		handle(w, r)
		return
	}
	allowed := make([]string, 0, len(m)+1)
	for name := range m {
		allowed = append(allowed, name)
		if name == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	respond.Refuse(w, http.StatusMethodNotAllowed, protocol.Errorf(protocol.CodeBadRequest,
		"%.40s is not served here: use %s", r.Method, strings.Join(allowed, " or ")))
}

// noPath answers a request for something that is no path: net/http and its ServeMux would answer without an
// explanation.
func noPath(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == "PRI": // HTTP/2 (RFC 9113, 3.4)
		w.Header().Set("Connection", "close") // whatever follows is not HTTP/1.1
		respond.Refuse(w, http.StatusBadRequest, protocol.BadRequest(
			"this is the beginning of HTTP/2, and HTTP/1.1 is spoken here: let the client, or the proxy in "+
				"front, speak that"))
	case r.Method == http.MethodOptions && r.URL.Path == "*": // it asks about the server, and not about a resource
		w.WriteHeader(http.StatusNoContent)
	default: // CONNECT, say
		noSuchPath(w, r)
	}
}

// noSuchPath answers a request for an unknown path.
func noSuchPath(w http.ResponseWriter, r *http.Request) {
	respond.Refuse(w, http.StatusNotFound, protocol.Errorf(protocol.CodeNotFound,
		"nothing is at %.200q: there are /api/conversations, and below it {id}/messages and {id}/transcript",
		r.URL.Path))
}
