package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/listen"
	"verbatim/server/logging"
)

// openRecord opens the record, and gives up on one that hangs.
func (s *Server) openRecord(ctx context.Context, progress func(done, total int64)) (err error) {
	s.record, err = openOrAbandon(ctx, max(s.cfg.DrainTimeout, minStep), func() (*disk.Record, error) {
		return disk.Open(ctx, s.cfg.DataDir, disk.Options{
			Log: s.log, IDs: s.limits.IDs, Progress: progress, OnCommit: s.metrics.Committed,
			OnCheckpoint: s.metrics.Checkpointed,
			OpenFiles:    s.budget.transcripts,
		})
	})
	if errors.Is(err, errHangs) {
		return fmt.Errorf("%s: %w", s.cfg.DataDir, err)
	}
	return err
}

var errHangs = errors.New("the start was stopped, and the disk does not answer: the record is as after a crash")

// openOrAbandon calls open, which ends with ctx. If it hangs, it is left alone once ctx has been over for grace: the
// process is about to end.
func openOrAbandon[T any](ctx context.Context, grace time.Duration, open func() (T, error)) (opened T, err error) {
	done := make(chan struct{})
	var late T
	var lateErr error
	go func() { // owned by openOrAbandon; waits for the disk; ends with open
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

// recorded returns an entry of a log as the record has it, or nil if it has none.
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

// Limits of net/http. They hold for requests; a session has limits of its own.
const (
	headerTime  = 10 * time.Second // to read the header of a request
	requestTime = 30 * time.Second // to read all of it
	idleTime    = 2 * time.Minute  // between two requests of a connection
	headerBytes = 64 << 10         // a thousand ?join= fit
)

func (s *Server) openAddresses() (err error) {
	if s.listeners, err = listen.All(s.cfg.Listen, s.cfg.Auth); err != nil {
		return err
	}
	s.publicURL, _ = access.ParsePublicURL(s.cfg.PublicURL) // checked with the configuration
	s.policy = s.newPolicy(s.listeners, false)
	for _, l := range s.listeners {
		l.Listener = s.gate.Guard(l.Listener)
	}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime + s.cfg.WriteTimeout, // from the header on; long answers extend it
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		BaseContext:       listen.Context,
		ConnState:         s.gate.ConnState,
		ConnContext:       s.gate.ConnContext,
		ErrorLog:          logging.Standard(s.log),

		DisableGeneralOptionsHandler: true, // it would answer without being counted and logged
	}
	return nil
}

// newPolicy returns the origin policy for listeners. noCORS keeps pages of allowed origins from reading the answers.
func (s *Server) newPolicy(listeners []*listen.Listener, noCORS bool) *access.Policy {
	origins, _ := access.ParseOrigins(s.cfg.AllowOrigin) // checked with the configuration
	return access.NewPolicy(access.Options{
		Loopback: listen.AnyLoopback(listeners), Hosts: append(listen.Names(s.cfg.Listen), s.cfg.AllowHost...),
		Origins: origins, PublicURL: s.publicURL, NoCORS: noCORS,
		Visit: s.proxies.Visit, Notes: s.notes, Refused: s.metrics.Refused.WithLabelValues("origin_policy"),
	})
}
