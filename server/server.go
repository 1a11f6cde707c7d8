// Package server puts the packages together: it opens them in order, answers HTTP, admits WebSocket clients and hands
// them to their sessions, and closes everything in the reverse order.
//
// It promises what docs/protocol says of connecting, HTTP and the command line, and that an orderly end loses nothing
// that was in progress (drain.go).
//
// # Concurrency
//
// One goroutine uses a Server: New, then Run, once. Its handlers run on net/http's goroutines, and share only what is
// safe for concurrent use.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/rs/zerolog"

	"verbatim/hub"
	"verbatim/identity"
	"verbatim/identity/token"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/admission"
	"verbatim/server/auth"
	"verbatim/server/gate"
	"verbatim/server/limit"
	"verbatim/server/listen"
	"verbatim/server/logging"
	"verbatim/server/metrics"
	"verbatim/server/respond"
	"verbatim/session"
)

// Build is the version of this program.
type Build struct{ Version, Commit string }

// Streams are where a command writes: its answer to Stdout, and everything else to Stderr.
type Streams struct{ Stdout, Stderr io.Writer }

// Server is a server that is open and waits for Run.
type Server struct {
	// Fixed after New.
	cfg     *Config
	limits  *protocol.Limits
	log     zerolog.Logger
	logger  *logging.Logger
	notes   *logging.Notes
	stdout  *logging.AsyncWriter // gets a line for each address
	manager *serviceManager
	reloads []reloadable // what SIGHUP reloads, in this order

	started time.Duration // how long the record took to open
	record  *disk.Record
	history historian
	store   *persistence.Store
	hub     *hub.Hub
	env     *session.Env

	listeners []*listen.Listener // at least one
	publicURL *access.PublicURL  // nil: none was given
	policy    *access.Policy
	proxies   *access.Proxies
	budget    budget
	gate      *gate.Gate
	http      *http.Server
	respond   *respond.Responder

	verifier identity.Verifier // nil: open mode
	keySet   *token.KeySet     // nil without --token-jwks
	people   *people           // nil: open mode
	auth     *auth.Auth

	permissions *permissions.Policy // nil: open mode

	connections *limit.Connections // sessions and event streams
	refusals    *limit.Connections // connections that are told why they become no session
	sessions    *admission.Sessions
	admission   *admission.Admission
	metrics     *metrics.Metrics

	admin *admin // nil without --admin-listen

	serving     context.Context // ends when the drain begins: nobody is admitted any more, and requests stop waiting
	stopServing context.CancelFunc
}

// historian is a history with figures.
type historian interface {
	persistence.History
	Stats() history.Stats
}

// New opens everything in order: the record, the history, the live conversations, the addresses. After an error nothing
// stays open; the error is one line that says what to do. New gives up when ctx ends.
func New(ctx context.Context, cfg *Config, build Build, stdout io.Writer, log *logging.Logger) (_ *Server, err error) {
	s := &Server{
		cfg: cfg, limits: cfg.limits(), log: log.Logger, logger: log, stdout: logging.NewAsyncWriter(stdout, nil),
		manager: newServiceManager(log.Logger), metrics: metrics.New(build.Version, build.Commit),
		budget: newBudget(cfg, openFiles()),
		notes:  logging.NewNotes(log.Logger),
	}
	s.serving, s.stopServing = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			s.stopServing()
			s.close(context.Background())
		}
	}()

	if err := s.openTokens(ctx); err != nil {
		return nil, err
	}
	if err := s.openPermissions(); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.openRecord(ctx, log.Progress("reading the record")); err != nil {
		return nil, err
	}
	s.started = time.Since(began)
	warnOfFuture(s.log, s.record, time.Now())
	if err := s.openPeople(ctx); err != nil {
		return nil, err
	}
	if err := s.openHistory(ctx); err != nil {
		return nil, err
	}

	s.store = persistence.New(s.record, s.history, cfg.HistorySize, s.log)
	s.hub = hub.New(s.store, hub.Options{Names: s.limits.Names, Log: s.log})
	s.store.SetPublisher(s.hub)
	s.env = &session.Env{
		Store: s.store, Hub: s.hub, Limits: s.limits, Version: build.Version, Log: s.log,
		Counters: &session.Counters{}, Latency: s.metrics.Latency.Observe, Verifier: s.verifier,
		Policy: s.permissions,
	}
	if s.people != nil {
		s.env.Refuses = s.people.standing.Refuses
	}
	sessionLog := &admission.Log{Log: s.log, Notes: s.notes, Metrics: s.metrics, Draining: s.draining}
	s.env.Ended, s.env.Refused = sessionLog.Ended, sessionLog.Refused
	s.boundClients()
	s.metrics.Watch(&metrics.Sources{
		Record: s.record, Store: s.store, Hub: s.hub, History: s.history, Sessions: s.env.Counters, Gate: s.gate,
		Refusals: s.refusals, Notes: s.notes, Logger: s.logger, Started: s.started,
		Ready: func() bool { return !s.draining() && s.store.Ready() == nil },
	})

	if err := s.openAddresses(); err != nil {
		return nil, err
	}
	refusals := gate.Options{Refused: s.metrics.Refused, Notes: s.notes}
	s.admin, err = openAdmin(cfg.AdminListen, s.adminRoutes, refusals, s.log)
	return s, err
}

// boundClients sets up what bounds clients, whether they are known or not. The texts were checked with the
// configuration.
func (s *Server) boundClients() {
	trusted, _ := access.ParsePeers(s.cfg.TrustedProxy)
	protocolPeers, _ := access.ParsePeers(s.cfg.ProxyProtocol)
	s.proxies = access.NewProxies(trusted, s.log)
	s.gate = gate.New(gate.Options{
		Connections: s.budget.connections, Handshakes: s.budget.handshakes, HandshakesEach: s.budget.handshakesEach,
		Proxies: protocolPeers, Trusted: trusted, Refused: s.metrics.Refused, Notes: s.notes,
	})
	s.connections = limit.NewConnections(s.budget.sessions, s.cfg.MaxConnectionsPerIP)
	s.refusals = limit.NewConnections(s.budget.refusals, s.budget.refusalsEach)
	s.sessions = admission.NewSessions()
	s.respond = &respond.Responder{
		Notes: s.notes, Requests: s.metrics.HTTP, Errors: s.metrics.Errors,
		Sender:   func(r *http.Request) (from, via string) { return s.proxies.Visit(r).Sender(r) },
		Draining: s.draining,
	}
	s.auth = &auth.Auth{
		Verifier: s.verifier, Policy: s.permissions, InURL: s.cfg.TokenInURL, Notes: s.notes, Visit: s.proxies.Visit,
	}
	s.admission = &admission.Admission{
		Auth: s.auth, Env: s.env, Connections: s.connections, Refusals: s.refusals, Sessions: s.sessions,
		Visit: s.proxies.Visit, Respond: s.respond, Metrics: s.metrics, Notes: s.notes, Draining: s.draining,
	}
}

// draining reports whether the drain has begun.
func (s *Server) draining() bool { return s.serving.Err() != nil }

// Run serves until ctx ends, and then drains. It returns nil if everything ended in order. Each signal on reload makes
// it reload what can change while it serves. It owns the goroutines of the hub, the watchdog, each address that
// accepts, and each session; none outlives it, unless the drain's time is over.
func (s *Server) Run(ctx context.Context, reload <-chan os.Signal) error {
	hubCtx, stopHub := context.WithCancel(context.Background())
	defer stopHub()
	hubEnded, acceptEnded := make(chan error, 1), make(chan error, len(s.listeners))
	go func() { hubEnded <- orderly(hubCtx, s.hub.Run(hubCtx)) }() // owned by Run; ends with hubCtx; drain waits for it
	go s.manager.watch(s.serving, s.alive)                         // owned by Run; ends when the drain begins
	stopTokens := s.runTokens()
	s.runPeople()
	stopPermissions := s.runPermissions()
	for _, l := range s.listeners {
		go func() { acceptEnded <- s.http.Serve(l) }() // owned by Run; accepts; ends when drain closes the listener
	}
	defer s.admin.serve()()
	s.announce()
	defer s.stdout.Flush() // a line that was not read by now has no reader

	var broken error
	for serving := true; serving; {
		select {
		case <-ctx.Done():
			serving = false
		case err := <-acceptEnded:
			broken = fmt.Errorf("server: accept connections: %w", err)
			serving = false
		case <-reload:
			s.manager.reloading()
			reloadAll(s.log, s.reloads)
			s.manager.ready(s.where())
		}
	}

	s.manager.stopping()
	s.drain(stopHub, hubEnded)
	stopTokens()
	stopPermissions()
	s.manager.messages.Flush()
	return broken
}

// orderly returns nil for the error of something that ended because ctx did.
func orderly(ctx context.Context, err error) error {
	if errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// alive returns once every package has answered: it hangs if one of them does.
func (s *Server) alive() {
	s.store.Stats()
	s.hub.Stats()
	s.history.Stats()
	s.record.Stats()
	s.sessions.Count()
}
