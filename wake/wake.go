// Package wake wakes a goroutine that sleeps until there is something to do.
//
// A Signal carries no data. It says: look again. The sleeper receives first and looks after that, so that no wake is
// lost: one that comes while it looks makes its next receive return at once.
package wake

// Signal wakes the goroutine that receives from it, with <-s or in a select. It has room for one wake; those that come
// while one is pending are merged into it. It is never closed. New makes one; the zero Signal wakes nobody.
type Signal chan struct{}

// New returns a Signal on which no wake is pending.
func New() Signal { return make(Signal, 1) }

// Wake makes the next receive return. It never waits, and may be called from any goroutine.
func (s Signal) Wake() {
	select {
	case s <- struct{}{}:
	default: // one is pending
	}
}
