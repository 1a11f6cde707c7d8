package server

import (
	"context"
	"time"
)

// lastTime is what a step of the drain gets at least, so that a --drain-timeout that was used up by one step still leaves
// the record a moment to finish what it has in hand.
const lastTime = time.Second

// drain ends the server in the reverse order of New, so that nothing is taken away under anybody's feet: no new
// connections; the sessions' and requests' last replies; the writers' queues; the hub; the history; the record.
func (s *Server) drain(stopHub context.CancelFunc, hubEnded <-chan error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	s.log.Info().Int("sessions", s.sessions.count()).Stringer("within", s.cfg.DrainTimeout).Msg("draining")
	s.goOff() // /readyz says so, nobody is let in any more, who waits for a page gets an empty one

	requests := make(chan error, 1)
	go func() { requests <- s.http.Shutdown(ctx) }() // waits for requests; ends with ctx at the latest
	s.env.Drain(ctx, departures(s.cfg.DrainTimeout))
	s.awaitSessions(ctx)
	s.gate.dismiss()
	s.closeAdmin()
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
	s.notes.flush()
	s.log.Info().Stringer("took", time.Since(began).Round(time.Millisecond)).Msg("stopped")
}

// awaitSessions waits until everybody has taken the word that the server goes, which also --drain-timeout 0 says.
func (s *Server) awaitSessions(ctx context.Context) {
	ctx, cancel := atLeast(ctx, lastTime)
	defer cancel()
	if cut := s.sessions.wait(ctx); cut > 0 {
		s.log.Warn().Int("sessions", cut).Msg("drain: time is over, sessions were cut")
	}
}

// atLeast is ctx, or one that lasts for so long from now where ctx ends earlier.
func atLeast(ctx context.Context, least time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) >= least {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), least)
}

// finish gives a step what is left of the time, and says what did not end within it.
func (s *Server) finish(ctx context.Context, what string, step func(context.Context) error) {
	ctx, cancel := atLeast(ctx, lastTime)
	defer cancel()
	if err := step(ctx); err != nil {
		s.log.Warn().Err(err).Str("what", what).Msg("drain: did not end in an orderly way")
	}
}

// close gives back what New has opened, as far as it came.
func (s *Server) close(ctx context.Context) {
	closeAll(s.listeners)      // Shutdown has closed them already, unless New did not get to its end
	closeAll(s.adminListeners) // likewise
	if s.history != nil {
		s.finish(ctx, "history", s.history.Close)
	}
	if s.record != nil {
		s.finish(ctx, "record", func(context.Context) error { return s.record.Close() })
	}
}
