package admission

import (
	"context"
	"sync"
)

// Sessions counts the goroutines that serve connections, so that a drain can wait for them. Safe for concurrent use.
type Sessions struct {
	memory memoryReclaimer

	mu     sync.Mutex
	n      int           // guarded by mu
	closed bool          // guarded by mu; no more are started
	empty  chan struct{} // closed once closed is set and n is 0
}

// NewSessions returns Sessions without a goroutine.
func NewSessions() *Sessions { return &Sessions{empty: make(chan struct{})} }

// Start runs serve in a goroutine, or returns false if the drain has begun. The caller says what serve waits for.
func (s *Sessions) Start(serve func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.n++
	s.memory.move()
	go func() { // owned by Sessions; ends with serve; Wait waits for it
		defer s.ended()
		serve()
	}()
	return true
}

func (s *Sessions) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n--
	s.memory.move()
	s.tellEmpty()
}

// tellEmpty is called with mu held.
func (s *Sessions) tellEmpty() {
	if s.closed && s.n == 0 {
		close(s.empty)
	}
}

// Wait lets no more goroutines start, and waits for those that run. It returns how many still ran when ctx ended. Call
// it once.
func (s *Sessions) Wait(ctx context.Context) int {
	s.mu.Lock()
	s.closed = true
	s.tellEmpty()
	s.mu.Unlock()
	select {
	case <-s.empty:
		return 0
	case <-ctx.Done():
		return s.Count()
	}
}

// Count returns how many goroutines run.
func (s *Sessions) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}
