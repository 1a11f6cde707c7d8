// Package server puts the rooms together: it opens them in order, answers HTTP, lets WebSocket clients in and hands
// them to their sessions, and takes everything down again in the reverse order.
//
// It promises that what docs/protocol says of connecting, HTTP and the command line holds, and that an
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
	"net/http"
	"os"
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
	said   *Log
	notes  *notes
	stdout *outlet // gets a line for each address, by Run

	manager *manager
	reloads []reloadable // what SIGHUP reads anew, in this order

	started time.Duration // how long the record took to open
	record  *disk.Record
	history historian
	store   *persistence.Store
	hub     *hub.Hub
	http    *http.Server
	env     *session.Env

	listeners []*listener // at least one

	doors    *doors
	proxies  *proxies
	budget   budget
	gate     *gate
	places   *places // of sessions
	refusals *places // of connections that are told why they are none
	posts    *rates
	sessions *sessions
	metrics  *metrics

	adminListeners []*listener  // none: there is no --admin-listen
	admin          *http.Server // nil likewise

	going context.Context // ends when the server begins to drain: nobody is let in, and requests wait no longer
	goOff context.CancelFunc
}

// historian is a history that says how it is.
type historian interface {
	persistence.History
	Stats() history.Stats
}

// New opens everything in its order: the record, the history before it, the live conversations, the address. With an
// error nothing stays open, and the error is one line that says what to do. It gives up when ctx ends.
func New(ctx context.Context, cfg *Config, build Build, stdout io.Writer, log *Log) (_ *Server, err error) {
	s := &Server{
		cfg: cfg, limits: cfg.limits(), log: log.Logger, said: log, stdout: newOutlet(stdout, nil),
		manager: newManager(log.Logger), metrics: newMetrics(build), budget: newBudget(cfg, openFiles()),
		notes: newNotes(log.Logger),
	}
	s.going, s.goOff = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			s.goOff()
			s.close(context.Background())
		}
	}()
	began := time.Now()
	if err := s.openRecord(ctx, log.progress("reading the record")); err != nil {
		return nil, err
	}
	s.started = time.Since(began)
	s.checkClock(time.Now())
	if err := s.openHistory(ctx); err != nil {
		return nil, err
	}
	s.store = persistence.New(s.record, s.history, cfg.HistorySize, s.log)
	s.hub = hub.New(s.store, hub.Options{Names: s.limits.Names, Log: s.log})
	s.store.SetPublisher(s.hub)
	s.env = &session.Env{
		Store: s.store, Hub: s.hub, Limits: s.limits, Version: build.Version, Log: s.log,
		Counters: &session.Counters{}, Latency: s.metrics.latency.Observe, Ended: s.ended, Refused: s.refusedRequest,
	}
	s.limitStrangers()
	s.sessions = newSessions()
	s.metrics.watch(s)
	if err := s.openAddresses(); err != nil {
		return nil, err
	}
	return s, s.openAdmin()
}

// limitStrangers sets up what bounds those who reach the server, known or not.
func (s *Server) limitStrangers() {
	s.proxies = newProxies(s.cfg.TrustedProxy, s.log)
	protocolPeers, _ := parsePeers(s.cfg.ProxyProtocol) // checked with the configuration
	s.gate = newGate(s.budget, protocolPeers, s.proxies.trusted, s.metrics.refused, s.notes)
	s.places = newPlaces(s.budget.sessions, s.cfg.MaxConnectionsPerIP)
	s.refusals = newPlaces(s.budget.refusals, s.budget.refusalsEach)
	s.posts = newRates(s.cfg.SendRate)
}

func (s *Server) openRecord(ctx context.Context, progress func(done, total int64)) (err error) {
	s.record, err = orLeave(ctx, max(s.cfg.DrainTimeout, lastTime), func() (*disk.Record, error) {
		return disk.Open(ctx, s.cfg.DataDir, disk.Options{
			Log: s.log, IDs: s.limits.IDs, Progress: progress, OnCommit: s.metrics.committed,
			OnCheckpoint: s.metrics.checkpointed,
			OpenFiles:    s.budget.transcripts,
		})
	})
	if errors.Is(err, errHangs) {
		return fmt.Errorf("%s: %w", s.cfg.DataDir, err)
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
	o.Entry = s.recorded
	redis, err := history.OpenRedis(ctx, s.cfg.Redis, s.record.ID(), o)
	if err != nil {
		return fmt.Errorf("--redis: %w", err)
	}
	s.history = redis
	return nil
}

// recorded returns an entry of a log as the record has it, or nil where it has none.
func (s *Server) recorded(
	ctx context.Context, id protocol.ConversationID, log protocol.LogID, seq protocol.Seq,
) ([]byte, error) {
	tail, err := s.record.Tail(id)
	if err != nil || tail.Log != log || seq > tail.Last {
		return nil, err
	}
	batch, err := s.record.Read(ctx, id, seq, seq, 1)
	if err != nil {
		return nil, err
	}
	return batch.Wire(seq), nil
}

// Times of net/http. They end with the request: a WebSocket connection has its session's own.
const (
	headerTime  = 10 * time.Second // to read a request's header
	requestTime = 30 * time.Second // to read all of it
	idleTime    = 2 * time.Minute  // between two requests of a connection
	headerBytes = 64 << 10         // a thousand ?join= fit
)

func (s *Server) openAddresses() (err error) {
	if s.listeners, err = listenAll(s.cfg); err != nil {
		return err
	}
	s.doors = newDoors(s.cfg, anyLoopback(s.listeners), s.proxies.visit, s.notes)
	s.doors.know(s.cfg.listens())
	for _, l := range s.listeners {
		l.Listener = s.gate.guard(l.Listener)
	}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime + s.cfg.WriteTimeout, // from the header on; long answers move it
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		BaseContext:       ofListener,
		ConnState:         s.gate.watch,
		ConnContext:       s.gate.remember,
		ErrorLog:          stdLog(s.log),

		DisableGeneralOptionsHandler: true, // it answers past ours, which count and tell
	}
	return nil
}

// Run serves until ctx ends, and drains; nil means that all went in an orderly way. What comes on reload makes it read
// anew what can change while it serves. It owns two goroutines, the hub's and the watchdog's, one for each address that
// accepts, and one for each session; none outlives it unless the drain's time is over.
func (s *Server) Run(ctx context.Context, reload <-chan os.Signal) error {
	hubCtx, stopHub := context.WithCancel(context.Background())
	defer stopHub()
	hubEnded, acceptEnded := make(chan error, 1), make(chan error, len(s.listeners))
	go func() { hubEnded <- orderly(hubCtx, s.hub.Run(hubCtx)) }() // ends with hubCtx
	go s.manager.watch(s.going, s.alive)                           // ends when the drain begins
	for _, l := range s.listeners {
		go func() { acceptEnded <- s.http.Serve(l) }() // ends when drain closes the listener
	}
	defer s.serveAdmin()()
	s.announce()
	defer s.stdout.flush() // a line that nobody has taken by now has no reader

	var broken error
	for serving := true; serving; {
		select {
		case <-ctx.Done():
			serving = false
		case err := <-acceptEnded:
			broken = fmt.Errorf("server: accept connections: %w", err)
			serving = false
		case <-reload:
			s.reload()
		}
	}
	s.manager.stopping()
	s.drain(stopHub, hubEnded)
	s.manager.told.flush()
	return broken
}

// orderly takes away the error of who ended because it was told to.
func orderly(told context.Context, err error) error {
	if errors.Is(err, told.Err()) {
		return nil
	}
	return err
}

// announce says on stdout where the server listens (connections queue from listen on), and in the log how it stands and
// what somebody should know about it.
func (s *Server) announce() {
	for _, url := range s.where() {
		s.stdout.say("listening on " + url + "\n")
	}
	var open []string
	for _, l := range s.listeners {
		if l.open {
			open = append(open, l.Addr().String())
		}
	}
	s.manager.ready(s.where())
	s.sayRecovered()
	e := s.log.Info().Strs("addresses", s.where()).Str("data", s.cfg.DataDir).Bool("redis", s.cfg.Redis != "")
	if s.doors.own != nil {
		e = e.Str("public_url", s.doors.own.String())
	}
	e.Msg("serving")
	if len(open) > 0 {
		s.log.Warn().Strs("addresses", open).
			Msg("open to everybody who reaches these addresses: names are not checked (--auth open)")
	}
	s.announceAdmin()
	s.checkFiles()
}

// where is what each --listen, or each socket handed over, is called.
func (s *Server) where() (urls []string) {
	for _, l := range s.listeners {
		if l.url != "" {
			urls = append(urls, l.url)
		}
	}
	return urls
}

// alive returns once every room has answered: one that is stuck holds it up.
func (s *Server) alive() {
	s.store.Stats()
	s.hub.Stats()
	s.history.Stats()
	s.record.Stats()
	s.sessions.count()
}
