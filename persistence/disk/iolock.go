package disk

import "sync"

// ioLock is a mutex that may be held while the disk is waited for. It goes to those who wait in the order in which they
// came, so that nobody who locks it over and over keeps others out. They wait on channels, which testing/synctest
// knows for waiting, as it does not of a sync.Mutex: a simulation can hold back whoever is at the disk while others
// want the lock. The zero value is unlocked.
type ioLock struct {
	mu      sync.Mutex // held for a moment only
	held    bool
	waiting []chan struct{} // each is closed when the lock is its maker's
}

func (l *ioLock) Lock() {
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

// TryLock takes the lock where it is free, and says whether it was.
func (l *ioLock) TryLock() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		return false
	}
	l.held = true
	return true
}

func (l *ioLock) Unlock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.held = false
		return
	}
	close(l.waiting[0]) // it is held on, by that one
	l.waiting = l.waiting[1:]
}
