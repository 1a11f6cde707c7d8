package session

import (
	"context"
	"sync"
	"time"

	"verbatim/protocol"
)

// drainRetry is when the client of a session that is drained at once should come back.
const drainRetry = time.Second

// Departure is one session's part of a drain: when it leaves, counted from the drain's beginning, and how long after that
// its client is asked to come back.
type Departure struct{ At, Retry time.Duration }

// departureTick is how long a drain rests at least, so that departures that lie close together are one wake.
const departureTick = 10 * time.Millisecond

// Drain has the sessions leave one after the other, the i-th of n as departure(i, n) says, whose At never goes back with i.
// Until its moment a session works as ever. Drain returns when all have been told, and who comes later leaves at once.
// Where ctx ends first, all that are still there leave at that moment. It does not wait for their ends: Run does.
func (e *Env) Drain(ctx context.Context, departure func(i, n int) Departure) {
	began := time.Now()
	staying := e.reading.here()
	last := Departure{Retry: drainRetry}
	for i, s := range staying {
		last = departure(i, len(staying))
		if wait := last.At - time.Since(began); wait > 0 && ctx.Err() == nil {
			rest(ctx, max(wait, departureTick))
		}
		e.reading.dismiss(s, last.Retry)
	}
	e.reading.close(last.Retry)
}

// rest waits, but not beyond the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// readers are the sessions that may be waiting for their clients, so that a drain ends the waits of all: one place for
// a server instead of a callback for each session. Safe for concurrent use.
type readers struct {
	watch sync.Once // of Run's context, by the first session

	mu     sync.Mutex
	all    map[leaver]struct{} // guarded by mu
	closed bool                // guarded by mu: who comes leaves at once
	retry  time.Duration       // guarded by mu: and comes back after that
}

// leaver is a session, or a stream of events. dismiss tells it to leave, and when its client should come back; the first call
// counts. The mutex of its readers is held.
type leaver interface{ dismiss(retry time.Duration) }

// add takes a session in, or sends it away where the drain is over. ctx is Run's.
func (r *readers) add(ctx context.Context, s leaver) {
	r.mu.Lock()
	if r.all == nil {
		r.all = make(map[leaver]struct{})
	}
	r.all[s] = struct{}{}
	if r.closed {
		s.dismiss(r.retry)
	}
	r.mu.Unlock()
	// Once in the Env's life, hence never stopped. It runs in a goroutine of context's own, and waits for nobody.
	r.watch.Do(func() { context.AfterFunc(ctx, func() { r.close(drainRetry) }) })
}

// remove returns when no dismissal is under way that could still touch the session.
func (r *readers) remove(s leaver) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, s)
}

// here is the sessions that there are, in no order.
func (r *readers) here() []leaver {
	r.mu.Lock()
	defer r.mu.Unlock()
	sessions := make([]leaver, 0, len(r.all))
	for s := range r.all {
		sessions = append(sessions, s)
	}
	return sessions
}

// dismiss sends a session away that is still there.
func (r *readers) dismiss(s leaver, retry time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, here := r.all[s]; here {
		s.dismiss(retry)
	}
}

// close sends away all that have not been, and whoever comes from now on.
func (r *readers) close(retry time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed, r.retry = true, retry
	for s := range r.all {
		s.dismiss(retry)
	}
}

// dismiss implements leaver: what its reader waits for ends.
func (s *Session) dismiss(retry time.Duration) {
	if s.ctx.Err() != nil {
		return
	}
	s.retry = retry
	s.depart()
	_ = s.conn.wire.SetReadDeadline(time.Unix(1, 0)) // an error means that the connection is gone
}

// farewell is how a session closes that was told to leave.
func (s *Session) farewell() (protocol.CloseCode, string, error) {
	return protocol.CloseGoingAway, protocol.RetryReason("the server is draining: reconnect and resume", s.retry), nil
}
