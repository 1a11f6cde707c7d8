package server

import (
	"context"
	"sync"
)

// sessions counts the goroutines that serve connections, so that drain can wait for them. Safe for concurrent use.
type sessions struct {
	ebb ebb

	mu     sync.Mutex
	n      int           // guarded by mu
	closed bool          // guarded by mu: none is started any more
	empty  chan struct{} // closed once closed is set and n is 0
}

func newSessions() *sessions { return &sessions{empty: make(chan struct{})} }

// start runs serve in a goroutine, or says that it is too late. Whoever calls it says what serve waits for.
func (s *sessions) start(serve func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.n++
	s.ebb.move()
	go func() { // owned by the server; ends with serve; wait waits for it
		defer s.ended()
		serve()
	}()
	return true
}

func (s *sessions) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n--
	s.ebb.move()
	s.tellEmpty()
}

// tellEmpty is called with mu held.
func (s *sessions) tellEmpty() {
	if s.closed && s.n == 0 {
		close(s.empty)
	}
}

// wait lets no more start and waits for those that run; it gives how many still ran when ctx ended. One caller, once.
func (s *sessions) wait(ctx context.Context) int {
	s.mu.Lock()
	s.closed = true
	s.tellEmpty()
	s.mu.Unlock()
	select {
	case <-s.empty:
		return 0
	case <-ctx.Done():
		return s.count()
	}
}

func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}
