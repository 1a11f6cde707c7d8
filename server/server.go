// Package server puts the rooms together: it opens them in order, answers HTTP, lets WebSocket clients in and hands
// them to their sessions, and takes everything down again in the reverse order.
//
// It promises that what docs/protocol.md says under "Connecting", "HTTP" and "The program" holds, and that an
// orderly end loses nothing that was in flight (drain.go).
//
// # Concurrency
//
// A Server is used by one goroutine: New, then Run, once. Its handlers run on net/http's goroutines and share only
// what says that it is safe for that.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
	"verbatim/session"
)

// Build says which program this is.
type Build struct{ Version, Commit string }

// Streams are where a command writes: its answer to one, and all else to the other.
type Streams struct{ Stdout, Stderr io.Writer }

// Server is a server that is open and waits for Run.
type Server struct {
	// Fixed after New.
	cfg    *Config
	limits *protocol.Limits
	log    zerolog.Logger
	stdout io.Writer // gets one line, by Run

	record   *disk.Record
	history  historian
	store    *persistence.Store
	hub      *hub.Hub
	listener net.Listener
	http     *http.Server
	env      *session.Env

	doors    *doors
	proxies  *proxies
	budget   budget
	gate     *gate
	places   *places // of sessions
	refusals *places // of connections that are told why they are none
	posts    *rates
	sessions *sessions
	metrics  *metrics

	adminListener net.Listener // nil: there is no --admin-listen
	admin         *http.Server

	going context.Context // ends when the server begins to drain; the sessions' and the waiting requests'
	goOff context.CancelFunc
}

// historian is a history that says how it is.
type historian interface {
	persistence.History
	Stats() history.Stats
}

// New opens everything in its order: the record, the history before it, the live conversations, the address. With an
// error nothing stays open, and the error is one line that says what to do.
func New(ctx context.Context, cfg *Config, build Build, out Streams, log zerolog.Logger) (_ *Server, err error) {
	s := &Server{
		cfg: cfg, limits: cfg.limits(), log: log, stdout: out.Stdout, metrics: newMetrics(build), budget: newBudget(cfg, openFiles()),
	}
	s.going, s.goOff = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			s.goOff()
			s.close(context.Background())
		}
	}()
	if err := s.openRecord(Progress(out.Stderr, "reading the record")); err != nil {
		return nil, err
	}
	if err := s.openHistory(ctx); err != nil {
		return nil, err
	}
	s.store = persistence.New(s.record, s.history, cfg.HistorySize, log)
	s.hub = hub.New(s.store, hub.Options{Names: s.limits.Names, Log: log})
	s.store.SetPublisher(s.hub)
	s.env = &session.Env{
		Store: s.store, Hub: s.hub, Limits: s.limits, Version: build.Version, Log: log,
		Counters: &session.Counters{}, Latency: s.metrics.latency.Observe,
	}
	s.limitStrangers()
	s.sessions = newSessions()
	s.metrics.watch(s)
	if err := s.openAddress(); err != nil {
		return nil, err
	}
	return s, s.openAdmin()
}

// limitStrangers sets up what bounds those who reach the server, known or not.
func (s *Server) limitStrangers() {
	s.proxies = newProxies(s.cfg.TrustedProxy, s.log)
	protocolPeers, _ := parsePeers(s.cfg.ProxyProtocol) // checked with the configuration
	s.gate = newGate(s.budget, protocolPeers, s.proxies.trusted, s.metrics.refused, s.log)
	s.places = newPlaces(s.budget.sessions, s.cfg.MaxConnectionsPerIP)
	s.refusals = newPlaces(s.budget.refusals, s.budget.refusalsEach)
	s.posts = newRates(s.cfg.Rate)
}

func (s *Server) openRecord(progress func(done, total int64)) (err error) {
	s.record, err = disk.Open(s.cfg.Data, disk.Options{
		Log: s.log, IDs: s.limits.IDs, Progress: progress, OnCommit: s.metrics.committed, OpenFiles: s.budget.transcripts,
	})
	return err
}

func (s *Server) openHistory(ctx context.Context) error {
	o := history.Options{
		Size: s.cfg.HistorySize, TTL: s.cfg.HistoryTTL, Memory: int64(s.cfg.HistoryMemory), Log: s.log,
	}
	if s.cfg.Redis == "" {
		s.history = history.NewMemory(o)
		return nil
	}
	redis, err := history.OpenRedis(ctx, s.cfg.Redis, s.record.ID(), o)
	if err != nil {
		return fmt.Errorf("--redis: %w", err)
	}
	s.history = redis
	return nil
}

// Times of net/http. They end with the request: a WebSocket connection has its session's own.
const (
	headerTime  = 10 * time.Second // to read a request's header
	requestTime = 30 * time.Second // to read all of it
	idleTime    = 2 * time.Minute  // between two requests of a connection
	headerBytes = 64 << 10         // a thousand ?join= fit
)

func (s *Server) openAddress() (err error) {
	if s.listener, err = listen(s.cfg.Listen); err != nil {
		return err
	}
	s.listener = s.gate.guard(s.listener)
	at, ok := s.listener.Addr().(*net.TCPAddr)
	s.doors = newDoors(s.cfg, ok && at.IP.IsLoopback(), s.proxies.visit, s.log)
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime + s.cfg.WriteTimeout, // from the header on; long answers move it
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ConnState:         s.gate.watch,
		ConnContext:       s.gate.remember,
		ErrorLog:          stdLog(s.log),
	}
	return nil
}

// Run serves until ctx ends, and drains; nil means that all went in an orderly way. It owns two goroutines, the
// accepting one and the hub's, and a goroutine for each session; none outlives it unless the drain's time is over.
func (s *Server) Run(ctx context.Context) error {
	hubCtx, stopHub := context.WithCancel(context.Background())
	defer stopHub()
	hubEnded, acceptEnded := make(chan error, 1), make(chan error, 1)
	go func() { hubEnded <- orderly(hubCtx, s.hub.Run(hubCtx)) }() // ends with hubCtx
	go func() { acceptEnded <- s.http.Serve(s.listener) }()        // ends when drain closes the listener
	adminEnded := s.serveAdmin()
	defer func() { <-adminEnded }()
	fmt.Fprintf(s.stdout, "listening on http://%s\n", s.listener.Addr()) // connections queue from listen on
	s.announce()

	var broken error
	select {
	case <-ctx.Done():
	case err := <-acceptEnded:
		broken = fmt.Errorf("server: accept connections: %w", err)
	}
	s.drain(stopHub, hubEnded)
	return broken
}

// orderly takes away the error of who ended because it was told to.
func orderly(told context.Context, err error) error {
	if errors.Is(err, told.Err()) {
		return nil
	}
	return err
}

// announce says how the server stands, and aloud what somebody should know about it.
func (s *Server) announce() {
	e := s.log.Info().Str("address", s.listener.Addr().String()).Str("data", s.cfg.Data).Bool("redis", s.cfg.Redis != "")
	if s.doors.own != nil {
		e = e.Str("public_url", s.doors.own.String())
	}
	e.Msg("serving")
	if !s.doors.loopback {
		s.log.Warn().Str("address", s.listener.Addr().String()).
			Msg("open to everybody who reaches this address: names are not checked (--auth open)")
	}
	s.announceAdmin()
	s.checkFiles()
}
