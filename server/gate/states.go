package gate

import (
	"net/netip"
	"time"

	"verbatim/server/limit"
)

// state is what is done on a connection.
type state int

const (
	handshaking state = iota // its first or next request is not complete
	idle                     // it is between two requests
	pooled                   // likewise, of a trusted proxy, which keeps it for later, or of an unknown address
	answering                // a request is being answered
	waitStates               // in the states above a connection can be closed to make room

	hijacked // taken over from net/http: it is a session, or is told why it is none
	ended
)

// between reports whether there was a request, and none has begun.
func (s state) between() bool { return s == idle || s == pooled }

// tally is how many connections of a network there are in each state.
type tally [waitStates]int

// place counts a connection for the networks of its address. It is called with mu held.
func (g *Gate) place(a *arrival, addr netip.Addr) {
	if !addr.IsValid() || g.o.Trusted.Has(addr) {
		return
	}
	a.networks = g.networks.At(addr)
	for _, in := range a.networks {
		if in != nil {
			in.Value[a.state]++
		}
	}
	if g.excessive(a) && !g.trimming {
		g.trimming = true
		time.AfterFunc(grace, g.trim)
	}
}

// move brings a connection into another state. It is called with mu held.
func (g *Gate) move(a *arrival, to state) {
	if a.state == to || a.state == ended {
		return
	}
	for _, in := range a.networks {
		if in == nil {
			continue
		}
		in.Value[a.state]--
		if to < waitStates {
			in.Value[to]++
		}
	}
	if a.element != nil {
		g.waiting[a.state].Remove(a.element)
		a.element = nil
	}
	a.state, a.since = to, time.Since(opened)
	if to < waitStates {
		a.element = g.waiting[to].PushBack(a)
		return
	}
	g.networks.Leave(&a.networks)
	a.networks = limit.Path[tally]{}
	if to == ended {
		g.open--
	}
}

// close counts a connection out; nil is none. It is called with mu held; the caller then closes it without mu (end).
func (g *Gate) close(a *arrival) {
	if a != nil {
		g.move(a, ended)
	}
}

// count returns how many connections are in a state.
func (g *Gate) count(s state) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting[s].Len()
}
