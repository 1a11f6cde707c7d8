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

	doors     *doors
	places    *places
	posts     *rates
	sessions  *sessions
	newcomers newcomers
	metrics   *metrics

	going context.Context // ends when the server begins to drain; the sessions' and the waiting requests'
	goOff context.CancelFunc
}

// historian is a history that says how it is.
type historian interface {
	persistence.History
	Stats() history.Stats
}

// New opens everything in its order: the record, the history before it, the live conversations, the address. With an
// error nothing stays open, and the error is one line that says what to do. It gives up when ctx ends.
func New(ctx context.Context, cfg *Config, build Build, out Streams, log zerolog.Logger) (_ *Server, err error) {
	s := &Server{cfg: cfg, limits: cfg.limits(), log: log, stdout: out.Stdout, metrics: newMetrics(build)}
	s.going, s.goOff = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			s.goOff()
			s.close(context.Background())
		}
	}()
	if err := s.openRecord(ctx, Progress(out.Stderr, "reading the record")); err != nil {
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
	s.places = newPlaces(cfg.MaxConnections, cfg.MaxConnectionsPerIP)
	s.posts = newRates(cfg.Rate)
	s.sessions = newSessions()
	s.newcomers.conns = make(map[net.Conn]struct{})
	s.metrics.watch(s)
	return s, s.openAddress()
}

func (s *Server) openRecord(ctx context.Context, progress func(done, total int64)) (err error) {
	s.record, err = orLeave(ctx, max(s.cfg.Drain, lastTime), func() (*disk.Record, error) {
		return disk.Open(ctx, s.cfg.Data, disk.Options{
			Log: s.log, IDs: s.limits.IDs, Progress: progress, OnCommit: s.metrics.committed,
		})
	})
	if errors.Is(err, errHangs) {
		return fmt.Errorf("%s: %w", s.cfg.Data, err)
	}
	return err
}

var errHangs = errors.New("the start was to end, and the disk does not answer: the record is as after a crash")

// orLeave opens something that ends with ctx. Where that hangs, it is left to itself once ctx has been over for so long:
// the process is about to end.
func orLeave[T any](ctx context.Context, grace time.Duration, open func() (T, error)) (opened T, err error) {
	done := make(chan struct{})
	var late T
	var lateErr error
	go func() { // orLeave's own; waits for the disk; ends with the opening
		defer close(done)
		late, lateErr = open()
	}()
	select {
	case <-done:
		return late, lateErr
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
		return late, lateErr
	case <-timer.C:
		return opened, errHangs
	}
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
	at, ok := s.listener.Addr().(*net.TCPAddr)
	s.doors = newDoors(s.cfg, ok && at.IP.IsLoopback())
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime + s.cfg.WriteTimeout, // from the header on; long answers move it
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ConnState:         s.newcomers.watch,
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
	go func() { hubEnded <- orderly(hubCtx, s.hub.Run(hubCtx)) }()       // ends with hubCtx
	go func() { acceptEnded <- s.http.Serve(s.listener) }()              // ends when drain closes the listener
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
	s.log.Info().Str("address", s.listener.Addr().String()).Str("data", s.cfg.Data).
		Bool("redis", s.cfg.Redis != "").Msg("serving")
	if !s.doors.loopback {
		s.log.Warn().Str("address", s.listener.Addr().String()).
			Msg("open to everybody who reaches this address: names are not checked (--auth open)")
	}
	s.checkFiles()
}
