package server

import (
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	// quiet is how long no connection must have come or gone before memory is given back.
	quiet = time.Second
	// tide is how many connections must have come or gone for it to be worth a collection.
	tide = 1000
)

// ebb gives memory back to the system when a crowd of connections has come or gone: a handshake leaves some 20 kB of
// garbage, which the collector would leave lying, since nothing is allocated afterwards that makes it run. It costs
// one collection a tide, and no wake while nobody comes or goes. Safe for concurrent use.
type ebb struct {
	moved   atomic.Int64 // connections that came or went
	given   atomic.Int64 // what moved was when memory was given back last
	waiting atomic.Bool
}

// move counts a connection that came or went.
func (e *ebb) move() {
	if n := e.moved.Add(1); n-e.given.Load() >= tide && !e.waiting.Swap(true) {
		e.wait(n)
	}
}

// wait looks again after a while, until it was quiet. No goroutine waits: the timer starts one that ends at once.
func (e *ebb) wait(seen int64) {
	time.AfterFunc(quiet, func() {
		if n := e.moved.Load(); n != seen {
			e.wait(n)
			return
		}
		e.given.Store(seen)
		e.waiting.Store(false)
		debug.FreeOSMemory()
	})
}
