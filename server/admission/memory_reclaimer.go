package admission

import (
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	// quiet is how long no connection must come or go before memory is given back.
	quiet = time.Second
	// worthwhile is how many connections must have come or gone to make a collection worthwhile.
	worthwhile = 1000
)

// memoryReclaimer gives memory back to the system when many connections have come or gone. A handshake leaves about 20
// kB of garbage, which stays, since nothing is allocated afterwards that makes the collector run. The reclaimer costs
// one collection for so many connections, and no wake-up while none come or go. Safe for concurrent use.
type memoryReclaimer struct {
	moved   atomic.Int64 // connections that came or went
	given   atomic.Int64 // the value of moved when memory was given back last
	waiting atomic.Bool
}

// move counts a connection that came or went.
func (e *memoryReclaimer) move() {
	if n := e.moved.Add(1); n-e.given.Load() >= worthwhile && !e.waiting.Swap(true) {
		e.wait(n)
	}
}

// wait looks again after quiet, until nothing has moved. No goroutine waits: a timer starts one, which ends at once.
func (e *memoryReclaimer) wait(seen int64) {
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
