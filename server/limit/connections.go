// Package limit bounds what addresses, and the networks that they are in, may hold at a time (Connections) and do in a
// second (Rate). Hierarchy is the table of networks behind both.
//
// It promises that a customer with many addresses has no more than their larger network may have, that each table is
// bounded, and that a full table costs the networks that fill it, and nobody else.
package limit

import (
	"net/netip"
	"sync"
)

// Connections is a connection limiter: it bounds how many connections there are in all, and for each network of the
// addresses that they come from. Safe for concurrent use.
type Connections struct {
	max, each int // fixed; each 0: no limit for networks

	mu       sync.Mutex
	taken    int             // guarded by mu
	networks *Hierarchy[int] // guarded by mu; connections of each
}

// Slot is what Take takes and Free gives back.
type Slot struct{ networks Path[int] }

// NewConnections returns a limiter of at most total connections, and each of an address; each 0: no such limit.
func NewConnections(total, each int) *Connections {
	idle := func(n *int) bool { return *n == 0 }
	return &Connections{max: total, each: each, networks: NewHierarchy(MaxNetworks, idle, nil)}
}

// Take takes a slot for a connection from addr, or returns false if there is none. The caller gives it back with Free.
func (c *Connections) Take(addr netip.Addr) (Slot, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken >= c.max {
		return Slot{}, false
	}
	if c.each == 0 {
		c.taken++
		return Slot{}, true
	}

	at := c.networks.At(addr)
	for level, in := range at {
		if in != nil && in.Value >= Allowed(c.each, level) {
			c.networks.Leave(&at)
			return Slot{}, false
		}
	}
	for _, in := range at {
		if in != nil {
			in.Value++
		}
	}
	c.taken++
	return Slot{at}, true
}

// Free gives a slot back, once.
func (c *Connections) Free(slot Slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken--
	for _, in := range slot.networks {
		if in != nil {
			in.Value--
		}
	}
	c.networks.Leave(&slot.networks)
}

// Taken returns how many slots are taken.
func (c *Connections) Taken() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken
}
