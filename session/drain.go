package session

import (
	"context"
	"sync"
	"time"

	"verbatim/protocol"
)

// drainRetry is when the client of a session that is drained at once should come back.
const drainRetry = time.Second

// Departure is one session's part of a drain: when it leaves, counted from the drain's beginning, and how long after
// that its client is asked to come back.
type Departure struct{ At, Retry time.Duration }

// departureTick is how long a drain rests at least, so that departures that lie close together are one wake.
const departureTick = 10 * time.Millisecond

// Drain has the sessions leave one after the other, the i-th of n as departure(i, n) says, whose At never goes back
// with i. Until its moment a session works as ever. Drain returns when all have been told; a session that comes later
// leaves at once. If ctx ends first, all that are still there leave at that moment. It does not wait for their ends:
// Run does. It is called once.
func (e *Env) Drain(ctx context.Context, departure func(i, n int) Departure) {
	began := time.Now()
	staying := e.reading.here()
	last := Departure{Retry: drainRetry}
	for i, s := range staying {
		last = departure(i, len(staying))
		if wait := last.At - time.Since(began); wait > 0 && ctx.Err() == nil {
			rest(ctx, max(wait, departureTick))
		}
		e.reading.dismiss(s, returning(began.Add(last.At+last.Retry)))
	}
	e.reading.close(drained(last.Retry))
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

// leavers are the sessions and streams that can be told to leave: one place for a server instead of a callback for
// each session. Safe for concurrent use.
type leavers struct {
	watch sync.Once // of Run's context, by the first one

	mu     sync.Mutex
	all    map[leaver]struct{} // guarded by mu
	closed *farewell           // guarded by mu: one that comes leaves at once with it; nil: it may come
}

// leaver is a session or a stream of events. dismiss tells it to leave, and why; the first call counts. The mutex of
// its leavers is held; it must not wait. of returns whose it is.
type leaver interface {
	dismiss(*farewell)
	of() protocol.UserID
}

// add takes one in, and sends it away if the drain is over. ctx is Run's.
func (l *leavers) add(ctx context.Context, s leaver) {
	l.mu.Lock()
	if l.all == nil {
		l.all = make(map[leaver]struct{})
	}
	l.all[s] = struct{}{}
	if l.closed != nil {
		s.dismiss(l.closed)
	}
	l.mu.Unlock()
	// Once in the Env's life, hence never stopped. It runs in a goroutine of context's own, and waits for nobody.
	l.watch.Do(func() { context.AfterFunc(ctx, func() { l.close(drained(drainRetry)) }) })
}

// remove returns when no dismissal is under way that could still touch the session.
func (l *leavers) remove(s leaver) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, s)
}

// here returns those that there are, in no order.
func (l *leavers) here() []leaver {
	l.mu.Lock()
	defer l.mu.Unlock()
	sessions := make([]leaver, 0, len(l.all))
	for s := range l.all {
		sessions = append(sessions, s)
	}
	return sessions
}

// dismiss sends one away, if it is still there.
func (l *leavers) dismiss(s leaver, bye *farewell) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, here := l.all[s]; here {
		s.dismiss(bye)
	}
}

// close sends away all that are there, and each that comes from now on.
func (l *leavers) close(bye *farewell) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = bye
	for s := range l.all {
		s.dismiss(bye)
	}
}
