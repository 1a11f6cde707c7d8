package session

import (
	"context"
	"sync"
	"time"
)

// readers are the sessions that may be waiting for their clients, so that a drain ends the waits of all: one place for
// a server instead of a callback for each session. Safe for concurrent use.
type readers struct {
	watch sync.Once // of the context, by the first session

	mu  sync.Mutex
	all map[*Session]struct{} // guarded by mu
}

// add takes a session in before it looks whether its context has ended: one that ends later interrupts it.
func (r *readers) add(s *Session) {
	r.mu.Lock()
	if r.all == nil {
		r.all = make(map[*Session]struct{})
	}
	r.all[s] = struct{}{}
	r.mu.Unlock()
	// Once in the Env's life, hence never stopped. It runs in a goroutine of context's own, and waits for nobody.
	r.watch.Do(func() { context.AfterFunc(s.ctx, r.interrupt) })
}

// remove returns when no interrupt is under way that could still touch the session.
func (r *readers) remove(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, s)
}

func (r *readers) interrupt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.all {
		_ = s.conn.wire.SetReadDeadline(time.Unix(1, 0)) // an error means that the connection is gone
	}
}
