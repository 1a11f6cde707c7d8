// Package fifo is a mutex that is given out in the order in which it was asked for.
package fifo

import "sync"

// Mutex is a mutex that may be held while the disk is waited for. Those who wait get it in the order in which they
// came, so that a goroutine that locks it over and over keeps no other out. They wait on channels, which
// testing/synctest knows as waiting, as it does not a sync.Mutex: a simulation can hold back the goroutine at the
// disk while others want the lock. The zero value is unlocked.
type Mutex struct {
	mu      sync.Mutex // held for a moment only
	held    bool
	waiting []chan struct{} // each is closed when the lock is its maker's
}

// Lock takes the lock, and waits for it.
func (l *Mutex) Lock() {
	l.mu.Lock()
	if !l.held {
		l.held = true
		l.mu.Unlock()
		return
	}
	mine := make(chan struct{})
	l.waiting = append(l.waiting, mine)
	l.mu.Unlock()
	<-mine
}

// TryLock takes the lock if it is free, and reports whether it was.
func (l *Mutex) TryLock() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		return false
	}
	l.held = true
	return true
}

// Unlock hands the lock to the next one who waits.
func (l *Mutex) Unlock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.held = false
		return
	}
	close(l.waiting[0]) // it is held on, by that one
	l.waiting = l.waiting[1:]
}
