package server

import (
	"context"
	"time"

	"verbatim/server/listen"
)

// minStep is the least time of each step of the drain: if one step has used up --drain-timeout, the record still has a
// moment to finish.
const minStep = time.Second

// drain ends the server in the reverse order of New, so that nothing ends before those that use it: new connections;
// the last replies of sessions and requests; the queues of the writers; the hub; the history; the record.
func (s *Server) drain(stopHub context.CancelFunc, hubEnded <-chan error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	s.log.Info().Int("sessions", s.sessions.Count()).Stringer("within", s.cfg.DrainTimeout).Msg("draining")
	s.stopServing() // /readyz says so, nobody is admitted any more, and long polls get an empty page

	requests := make(chan error, 1)
	go func() { requests <- s.http.Shutdown(ctx) }() // owned by drain; waits for requests; ends with ctx at the latest
	s.env.Drain(ctx, departures(s.cfg.DrainTimeout))
	s.awaitSessions(ctx)
	s.gate.Dismiss()
	s.admin.close()
	if err := <-requests; err != nil {
		s.log.Warn().Err(err).Msg("drain: time is over, requests were cut")
		_ = s.http.Close() // what it cannot close ends with the process
	}
	s.finish(ctx, "writers", s.store.Drain)
	stopHub()
	s.finish(ctx, "hub", func(ctx context.Context) error {
		select {
		case err := <-hubEnded:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	s.close(ctx)
	s.notes.Flush()
	s.log.Info().Stringer("took", time.Since(began).Round(time.Millisecond)).Msg("stopped")
}

// awaitSessions waits until all clients were told that the server ends, even with --drain-timeout 0.
func (s *Server) awaitSessions(ctx context.Context) {
	ctx, cancel := atLeast(ctx, minStep)
	defer cancel()
	if cut := s.sessions.Wait(ctx); cut > 0 {
		s.log.Warn().Int("sessions", cut).Msg("drain: time is over, sessions were cut")
	}
}

// atLeast returns ctx, or a context that lasts for least from now if ctx ends earlier.
func atLeast(ctx context.Context, least time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) >= least {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), least)
}

// finish gives a step the rest of the time, and logs if it did not end in order within that.
func (s *Server) finish(ctx context.Context, what string, step func(context.Context) error) {
	ctx, cancel := atLeast(ctx, minStep)
	defer cancel()
	if err := step(ctx); err != nil {
		s.log.Warn().Err(err).Str("what", what).Msg("drain: did not end in an orderly way")
	}
}

// close closes what New has opened, as far as it got.
func (s *Server) close(ctx context.Context) {
	listen.CloseAll(s.listeners) // Shutdown has closed them already, unless New has failed
	s.admin.close()
	if s.history != nil {
		s.finish(ctx, "history", s.history.Close)
	}
	s.finish(ctx, "directory", s.people.close)
	if s.record != nil {
		s.finish(ctx, "record", func(context.Context) error { return s.record.Close() })
	}
}
