package server

import (
	"net/http"
	"net/http/pprof"

	"verbatim/server/access"
	"verbatim/server/api"
	"verbatim/server/limit"
	"verbatim/server/listen"
	"verbatim/server/respond"
)

// routes returns the handler of all addresses. The origin policy guards all of them except the page's own files, which
// are public: if a proxy changes Host or Origin, the page must still load, since it says what is wrong.
func (s *Server) routes() http.Handler {
	streams := &api.Streams{Store: s.store, Admission: s.admission, Respond: s.respond, MaxPage: s.limits.Page}
	messages := &api.Messages{
		Store: s.store, Hub: s.hub, Streams: streams, Respond: s.respond, Serving: s.serving,
		MaxPage: s.limits.Page, WriteTimeout: s.cfg.WriteTimeout, TokenGrace: s.limits.TokenGrace,
		Policy: s.permissions,
	}
	posts := &api.Posts{
		Store: s.store, Limits: s.limits, Rate: limit.NewRate(s.cfg.SendRate), Visit: s.proxies.Visit,
		Respond: s.respond,
		Refused: s.metrics.Refused.WithLabelValues("rate"), WriteTimeout: s.cfg.WriteTimeout, Policy: s.permissions,
	}
	conversations := &api.Conversations{
		Store: s.store, Hub: s.hub, Respond: s.respond, Notes: s.notes, MaxPage: s.limits.Page, Policy: s.permissions,
	}
	transcripts := &api.Transcripts{
		Store: s.store, Respond: s.respond, Notes: s.notes, WriteTimeout: s.cfg.WriteTimeout, Policy: s.permissions,
	}
	own := &ownMetrics{handler: s.metrics.Handler(), visit: s.proxies.Visit}
	own.served = s.cfg.AdminListen == "" && listen.AnyLoopback(s.listeners) && !s.cfg.withTokens()
	health := s.health()

	guarded := http.NewServeMux()
	guarded.Handle("/ws", s.admission)
	user := func(route respond.Route, served methods) {
		guarded.Handle(route.Path(), respond.Counted(route, s.auth.Require(served)))
	}
	list := methods{"GET": conversations.Get}
	user(respond.RouteMessages, methods{"GET": messages.Get, "POST": posts.Post})
	user(respond.RouteTranscript, methods{"GET": transcripts.Get})
	if s.people != nil {
		rooms := &api.Rooms{
			Store: s.store, Directory: s.people.directory, State: s.people.state, Policy: s.permissions,
			Rate: limit.NewRate(s.cfg.SendRate), Visit: s.proxies.Visit, Respond: s.respond, MaxBody: s.limits.Frame,
		}
		list["POST"] = rooms.Create
		user(respond.RouteMembers, methods{"GET": rooms.Members, "PUT": rooms.SetMembers})
		user(respond.RouteDirect, methods{"POST": rooms.Direct})
	}
	user(respond.RouteList, list)
	guarded.Handle("/api/", s.auth.Require(http.HandlerFunc(noSuchPath)))
	// Without this one, it would redirect to /api/, and lose a proxy's path.
	guarded.Handle("/api", s.auth.Require(http.HandlerFunc(noSuchPath)))
	guarded.Handle("/healthz", methods{"GET": health.alive})
	guarded.Handle("/readyz", methods{"GET": health.readiness})
	guarded.Handle("/metrics", methods{"GET": own.ServeHTTP})

	inside := s.policy.Guard(guarded)
	mux := http.NewServeMux()
	for _, route := range []respond.Route{
		respond.RouteSocket, respond.RouteAPI, respond.RouteHealth, respond.RouteReady, respond.RouteMetrics,
	} {
		mux.Handle(route.Path(), respond.Counted(route, inside))
	}
	mux.Handle("/api", respond.Counted(respond.RouteAPI, inside))
	mux.Handle("/", respond.Counted(respond.RoutePage, servePage(s.proxies.Visit)))

	paths := &paths{public: s.publicURL, visit: s.proxies.Visit}
	tidy := paths.tidy(mux)
	if s.publicURL == nil {
		return s.respond.Observe(s.gate.Handler(tidy))
	}
	return s.respond.Observe(s.gate.Handler(access.Below(s.publicURL.Path, tidy)))
}

// adminRoutes returns the handler of --admin-listen.
func (s *Server) adminRoutes(listeners []*listen.Listener) http.Handler {
	health := s.health()
	mux := http.NewServeMux()
	mux.Handle("/healthz", methods{"GET": health.alive})
	mux.Handle("/readyz", methods{"GET": health.readiness})
	mux.Handle("/metrics", methods{"GET": s.metrics.Handler().ServeHTTP})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return s.newPolicy(listeners, true).Guard(mux)
}

func (s *Server) health() *health { return &health{draining: s.draining, ready: s.store.Ready} }
