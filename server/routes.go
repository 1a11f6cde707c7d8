package server

import (
	"net/http"
	"slices"
	"strings"

	"verbatim/protocol"
	"verbatim/web"
)

// routes is every address that the server answers, and what stands before all of them.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", s.serveWebSocket)

	mux.Handle("/api/conversations", methods{"GET": s.listConversations})
	mux.Handle("/api/conversations/{id}/messages", methods{"GET": s.readMessages, "POST": s.postMessage})
	mux.Handle("/api/conversations/{id}/transcript", methods{"GET": s.downloadTranscript})
	mux.HandleFunc("/api/", noSuchPath)

	mux.Handle("/healthz", methods{"GET": s.health})
	mux.Handle("/readyz", methods{"GET": s.ready})
	mux.Handle("/metrics", methods{"GET": s.ownMetrics()})

	mux.Handle("/", web.Handler())
	return s.gate.note(s.doors.guard(mux, s.metrics.refused.WithLabelValues("door")))
}

// methods answers one path: each method's own way, HEAD as GET, and any other with an error that names these.
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
	refuse(w, http.StatusMethodNotAllowed, protocol.Errorf(protocol.CodeBadRequest,
		"%.40s is not served here: use %s", r.Method, strings.Join(allowed, " or ")))
}

func noSuchPath(w http.ResponseWriter, r *http.Request) {
	refuse(w, http.StatusNotFound, protocol.Errorf(protocol.CodeNotFound,
		"nothing is at %.200q: there are /api/conversations, and below it {id}/messages and {id}/transcript", r.URL.Path))
}

// conversation reads the path's conversation.
func conversation(r *http.Request) (protocol.ConversationID, error) {
	id := protocol.ConversationID(r.PathValue("id"))
	if !id.Valid() {
		return "", protocol.InvalidConversation(string(id))
	}
	return id, nil
}
