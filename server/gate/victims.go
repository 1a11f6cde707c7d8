package gate

import (
	"time"

	"verbatim/server/limit"
)

// Which connection is closed to make room for another.

// excessive reports whether one of a connection's networks has too many that have not completed a request. It is called
// with mu held.
func (g *Gate) excessive(a *arrival) bool {
	for level, in := range a.networks {
		if in != nil && in.Value[handshaking] > limit.Allowed(g.o.HandshakesEach, level) {
			return true
		}
	}
	return false
}

// victim returns the connection to close if there are too many in all, or nil if there is none. It is called with mu
// held.
func (g *Gate) victim() *arrival {
	for _, s := range [...]state{idle, pooled, handshaking} {
		if a := g.oldest(s, -1); a != nil {
			return a
		}
	}
	return g.oldest(answering, g.o.HandshakesEach) // a request that waits, or whose answer is not taken
}

// maxScanned is how many of the oldest connections are looked at to find one to close; more if all of these must stay.
const maxScanned = 64

// oldest returns the connection to close among those in a state. It prefers the network that has the most there, then a
// connection that has sent nothing, then the oldest. The connection's narrowest network must have more than `more`.
//
// It returns nil if there is none to close at the moment: all of the largest networks wait for the server, and the rest
// have just come; or all are a trusted proxy's that is about to pass a request on. It is called with mu held.
func (g *Gate) oldest(s state, more int) (found *arrival) {
	most, spoke, widest := -1, true, 0
	at := g.waiting[s].Front()
	for n := 0; at != nil && (n < maxScanned || found == nil); n, at = n+1, at.Next() {
		a := at.Value.(*arrival)
		narrow, wide := a.neighbours(s)
		widest = max(widest, wide)
		better := wide > most || wide == most && spoke && a.firstByte.Load() == 0
		if better && narrow > more && (s == answering || a.silent()) {
			found, most, spoke = a, wide, a.firstByte.Load() != 0
		}
	}
	if found != nil && s != answering && (most < widest || most == 0) && found.young() {
		return nil
	}
	return found
}

// neighbours returns how many connections the narrowest and the widest of a connection's networks have in a state; 0 if
// they are not counted. It is called with gate.mu held.
func (a *arrival) neighbours(s state) (narrow, wide int) {
	for _, in := range a.networks {
		if in == nil {
			continue
		}
		if wide = in.Value[s]; narrow == 0 {
			narrow = wide
		}
	}
	return narrow, wide
}

// young reports whether a connection still has time to complete its request. It is called with gate.mu held.
func (a *arrival) young() bool {
	now, first := time.Since(opened), a.firstByte.Load()
	return now-a.since < grace || first != 0 && now-time.Duration(first) < grace
}

// trim closes connections of addresses that have too many, the oldest first. It runs in a timer's goroutine and waits
// for nothing; while it leaves some that may stay for the moment, it sets the next timer.
func (g *Gate) trim() {
	var victims []*arrival
	g.mu.Lock()
	again := false
	for at := g.waiting[handshaking].Front(); at != nil; {
		a := at.Value.(*arrival)
		at = at.Next()
		switch {
		case !g.excessive(a):
		case a.young() || !a.silent():
			again = true
		default:
			g.close(a)
			victims = append(victims, a)
		}
	}
	if g.trimming = again; again {
		time.AfterFunc(grace, g.trim)
	}
	g.mu.Unlock()

	for _, a := range victims {
		g.end("handshake", a)
	}
}
