package server

import (
	"net/http"
	"net/url"
	slashes "path"
	"slices"
	"strings"

	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/respond"
	"verbatim/web"
)

// routes is every address that the server answers. The doors stand before all but the page's own files, which hold
// nothing that is not everybody's: a proxy that changes Host or Origin must not leave the page white, since the page is
// what says what is wrong.
func (s *Server) routes() http.Handler {
	guarded := http.NewServeMux()
	guarded.HandleFunc("/ws", s.serveWebSocket)

	guarded.Handle("/api/conversations", respond.Counted(respond.RouteList, methods{"GET": s.listConversations}))
	guarded.Handle("/api/conversations/{id}/messages", respond.Counted(respond.RouteMessages, methods{"GET": s.readMessages, "POST": s.postMessage}))
	guarded.Handle("/api/conversations/{id}/transcript", respond.Counted(respond.RouteTranscript, methods{"GET": s.downloadTranscript}))
	guarded.HandleFunc("/api/", noSuchPath)
	guarded.HandleFunc("/api", noSuchPath) // else it would be sent to /api/, away from below a path

	guarded.Handle("/healthz", methods{"GET": s.health})
	guarded.Handle("/readyz", methods{"GET": s.ready})
	guarded.Handle("/metrics", methods{"GET": s.ownMetrics()})

	inside := s.policy.Guard(guarded)
	mux := http.NewServeMux()
	for _, name := range []respond.Route{
		respond.RouteSocket, respond.RouteAPI, respond.RouteHealth, respond.RouteReady, respond.RouteMetrics,
	} {
		mux.Handle(name.Path(), respond.Counted(name, inside))
	}
	mux.Handle("/api", respond.Counted(respond.RouteAPI, inside))
	mux.Handle("/", respond.Counted(respond.RoutePage, s.servePage()))
	tidy := s.tidied(mux)
	if s.publicURL == nil {
		return s.respond.Observe(s.gate.Handler(tidy))
	}
	return s.respond.Observe(s.gate.Handler(access.Below(s.publicURL.Path, tidy)))
}

// tidied sends a path with empty parts (//c/lobby) to the one without them, as a ServeMux does, but not out of the path
// below which a proxy has us: to where --public-url says, where the request came by that, and else by a relative
// address. Clients take dots away themselves before they ask; where one is left, nothing is.
func (s *Server) tidied(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		clean := slashes.Clean(asked)
		if strings.HasSuffix(asked, "/") && clean != "/" {
			clean += "/"
		}
		switch {
		case !strings.HasPrefix(asked, "/"):
			noPath(w, r)
		case clean == asked:
			next.ServeHTTP(w, r)
		case hasDots(asked):
			noSuchPath(w, r)
		default:
			root := s.publicRoot(r)
			if root == "" { // some clients (Python's) see no empty parts in what they go up from, and go too far
				root = strings.Repeat("../", strings.Count(asked, "/")-1)
			}
			to := root + clean[1:]
			if r.URL.RawQuery != "" {
				to += "?" + r.URL.RawQuery
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
}

// publicRoot is the path of --public-url, where there is one and the request came by its host; else "".
func (s *Server) publicRoot(r *http.Request) string {
	own := s.publicURL
	if own == nil || own.Path == "/" {
		return ""
	}
	if host, err := access.NormalHost(own.Origin.Scheme, s.proxies.Visit(r).Host); err != nil || host != own.Origin.Host {
		return ""
	}
	return (&url.URL{Path: own.Path}).EscapedPath()
}

// hasDots reports whether a part of a path is . or .., which stand for folders.
func hasDots(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// servePage serves the page as the client asked for it: its policy names the host that the browser knows.
func (s *Server) servePage() http.Handler {
	page := web.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := s.proxies.Visit(r); v.Host != r.Host {
			asked := *r
			asked.Host = v.Host
			r = &asked
		}
		page.ServeHTTP(w, r)
	})
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
	respond.Refuse(w, http.StatusMethodNotAllowed, protocol.Errorf(protocol.CodeBadRequest,
		"%.40s is not served here: use %s", r.Method, strings.Join(allowed, " or ")))
}

// noPath answers a request for what is no path: net/http and its ServeMux would do so without a word.
func noPath(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == "PRI": // HTTP/2 (RFC 9113, 3.4)
		w.Header().Set("Connection", "close") // what follows is no HTTP/1.1
		respond.Refuse(w, http.StatusBadRequest, protocol.BadRequest(
			"this is the beginning of HTTP/2, and HTTP/1.1 is spoken here: let the client, or the proxy in front, speak that"))
	case r.Method == http.MethodOptions && r.URL.Path == "*": // it asks of no resource, and whether anybody is there
		w.WriteHeader(http.StatusNoContent)
	default: // CONNECT, say
		noSuchPath(w, r)
	}
}

func noSuchPath(w http.ResponseWriter, r *http.Request) {
	respond.Refuse(w, http.StatusNotFound, protocol.Errorf(protocol.CodeNotFound,
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
