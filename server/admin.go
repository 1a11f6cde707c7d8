package server

import (
	"errors"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"sync"

	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/gate"
	"verbatim/server/listen"
	"verbatim/server/logging"
	"verbatim/server/respond"
)

// adminConnections bounds what is open on --admin-listen: a few programs that measure.
const adminConnections = 64

// openAdmin opens --admin-listen, where /metrics and pprof are. No flag, no door: whoever reaches it may read there.
func (s *Server) openAdmin() (err error) {
	if s.cfg.AdminListen == "" {
		return nil
	}
	e, err := listen.Parse("--admin-listen", s.cfg.AdminListen)
	if err != nil {
		return err
	}
	if s.adminListeners, err = e.Listen(); err != nil {
		return err
	}
	entrance := gate.New(gate.Options{
		Connections: adminConnections, Handshakes: adminConnections / 2, HandshakesEach: adminConnections / 4,
		Refused: s.metrics.refused, Notes: s.notes,
	})
	for _, l := range s.adminListeners {
		l.Listener = entrance.Guard(l.Listener)
	}
	s.admin = &http.Server{
		Handler:           entrance.Handler(s.adminRoutes()),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ConnState:         entrance.ConnState,
		ConnContext:       entrance.ConnContext,
		ErrorLog:          logging.Standard(s.log),

		DisableGeneralOptionsHandler: true, // as on the main address
	}
	return nil
}

// serveAdmin serves it until closeAdmin; wait returns once it has ended.
func (s *Server) serveAdmin() (wait func()) {
	var group sync.WaitGroup
	for _, l := range s.adminListeners {
		group.Go(func() { // Run's, which waits for it; accepts until closeAdmin
			if err := s.admin.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.log.Error().Err(err).Msg("admin: it ended: /metrics cannot be had until the server is started again")
			}
		})
	}
	return group.Wait
}

// closeAdmin ends it; who measures loses nothing that it cannot ask for again.
func (s *Server) closeAdmin() {
	if s.admin != nil {
		_ = s.admin.Close() // what cannot be closed ends with the process
	}
}

func (s *Server) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/healthz", methods{"GET": s.health})
	mux.Handle("/readyz", methods{"GET": s.ready})
	mux.Handle("/metrics", methods{"GET": s.metrics.handler().ServeHTTP})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return s.newPolicy(s.adminListeners, true).Guard(mux)
}

// announceAdmin says where it is, and to whom.
func (s *Server) announceAdmin() {
	for _, l := range s.adminListeners {
		event, words := s.log.Info(), "admin: /metrics and /debug/pprof/ are here, for this machine alone"
		if l.Open {
			event, words = s.log.Warn(), "admin: /metrics and /debug/pprof/ are here, open to everybody who reaches this address"
		}
		event.Str("address", l.Address()).Msg(words)
	}
}

// ownMetrics answers GET /metrics on the main address, for who asks on this machine for nobody else. A proxy that says
// nothing of for whom it asks cannot be told from that: docs/operating/monitoring.md says what to do.
func (s *Server) ownMetrics() http.HandlerFunc {
	handler := s.metrics.handler()
	return func(w http.ResponseWriter, r *http.Request) {
		if s.cfg.AdminListen != "" || !listen.AnyLoopback(s.listeners) || listen.BeyondLoopback(r) || !s.fromHere(r) {
			respond.Refuse(w, http.StatusNotFound, protocol.Errorf(protocol.CodeNotFound,
				"/metrics is for this machine alone: start the server with --admin-listen to have it elsewhere"))
			return
		}
		handler.ServeHTTP(w, r)
	}
}

// fromHere reports whether a request was sent on this machine, to this machine, and for nobody else.
func (s *Server) fromHere(r *http.Request) bool {
	v := s.proxies.Visit(r)
	if v.Forwarded || !v.Addr.IsLoopback() {
		return false
	}
	name := access.HostName(r.Host)
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && addr.IsLoopback()
}
