package server

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// gate is what connections come through, before anybody knows who sends what. It bounds how many there are, so that no
// stranger keeps others out: not those who say nothing, or say it slowly, and not those who have asked once and stay. It
// closes the oldest of these, and never the newest, which is who has just come. Safe for concurrent use.
//
// Who waits for the server itself is not to blame: a connection is left alone while something that came on it is unread,
// or while the server is busy with what it has read and waits for nothing more. Where there are none but such, the gate
// accepts more slowly.
type gate struct {
	most       int // fixed; connections in all
	handshakes int // fixed; of them, those that have not finished a request; as many of strangers may be idle
	each       int // fixed; of an address, those that have not finished a request
	proxies    peers
	trusted    peers // their connections are many people's
	refused    *prometheus.CounterVec
	notes      *notes

	mu       sync.Mutex
	open     int                  // guarded by mu
	waiting  [asked + 1]list.List // guarded by mu; of *arrival, who came into that state first at the front
	networks *hierarchy[tally]    // guarded by mu
	trimming bool                 // guarded by mu; trim will run
}

// A state is what is done on a connection.
type state int

const (
	fresh  state = iota // its request has not come whole
	idle                // there was a request, and none has begun
	pooled              // likewise, of a trusted proxy, which keeps it for its next request, or of no known address
	asked               // a request is being answered
	beyond              // net/http has no part in it: it is a session, or is told why it is none
	ended
)

// resting reports whether there was a request, and none has begun.
func (s state) resting() bool { return s == idle || s == pooled }

// tally is how many connections of a network there are in each state that is waited in.
type tally [asked + 1]int

// arrival is a connection that came through the gate.
type arrival struct {
	net.Conn
	gate      *gate
	*preamble              // nil: none must come
	secret    atomic.Bool  // what came first was the beginning of TLS
	spoke     atomic.Int64 // when something came first that was read, in nanoseconds since opened; 0: nothing yet
	awaited   atomic.Int32 // how many goroutines wait in a read of it
	handled   atomic.Bool  // a handler has the request, and waits for its body perhaps; set with gate.mu held

	// Guarded by gate.mu.
	state    state
	client   string        // whom the proxy at the other end speaks for, once it has said so
	answer   string        // the first line of what net/http has answered by itself, where no handler had the request
	since    time.Duration // when it came into its state, since opened
	place    *list.Element
	networks path[tally] // none of them where the address is a proxy's, or not known
}

func newGate(b budget, proxies, trusted peers, refused *prometheus.CounterVec, notes *notes) *gate {
	return &gate{
		most: b.connections, handshakes: b.handshakes, each: b.handshakesEach, proxies: proxies, trusted: trusted, refused: refused, notes: notes,
		networks: newHierarchy(mostNetworks, func(t *tally) bool { return *t == tally{} }, nil),
	}
}

// guard lets what comes to a listener through the gate.
func (g *gate) guard(l net.Listener) net.Listener { return &guarded{l, g} }

type guarded struct {
	net.Listener
	gate *gate
}

// opened is what the times of words count from, by the monotonic clock.
var opened = time.Now()

// Times of the gate.
const (
	// grace is how long a connection may be silent where its address has too many, but nobody is kept out by it: a client
	// has connected, and its request is still to be written. From its first word on it has as long again.
	grace = time.Second
	// breath is how long the gate waits for the server before it looks again.
	breath = 2 * time.Millisecond
	// patient is how long it does so for one connection.
	patient = 500 * time.Millisecond
)

// Accept waits for the next connection that is let in. Errors that pass (no file can be opened) it deals with itself.
func (l *guarded) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
			l.gate.short(err)
		case err != nil:
			return nil, err
		default:
			if a := l.gate.admit(c); a != nil {
				return a, nil
			}
		}
	}
}

// short makes room where no file can be opened, which the gate's own bound should have prevented.
func (g *gate) short(err error) {
	g.mu.Lock()
	victim := g.closeable()
	g.close(victim)
	g.mu.Unlock()
	g.notes.add(note{kind: "gate: no file", level: zerolog.WarnLevel, words: "no connection can be accepted", err: err, do: moreFiles})
	if victim != nil {
		g.end("files", victim)
	}
	time.Sleep(breath) // what was closed is given back in a moment
}

// admit takes a connection in, or closes it and returns nil.
func (g *gate) admit(c net.Conn) *arrival {
	a := &arrival{Conn: c, gate: g, since: time.Since(opened)}
	addr, _ := parseHop(c.RemoteAddr().String())
	if g.proxies.has(addr) || !addr.IsValid() && g.proxies.unix {
		a.preamble = &preamble{}
	}
	for late := time.Now().Add(patient); ; {
		why, victim := g.enter(a, addr)
		switch {
		case why == "":
			return a
		case victim != nil:
			g.end(why, victim)
		case time.Now().Before(late):
			time.Sleep(breath)
		default:
			g.refused.WithLabelValues(why).Inc()
			g.tell(why, a)
			_ = c.Close() // nothing was said on it
			return nil
		}
	}
}

// enter counts a connection in, or says why there is no room and whose end makes some; nil: nobody's, at the moment.
func (g *gate) enter(a *arrival, addr netip.Addr) (why string, victim *arrival) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.waiting[fresh].Len() >= g.handshakes:
		why, victim = "handshake", g.oldest(fresh, -1)
	case g.open >= g.most:
		why, victim = "files", g.closeable()
	default:
		g.open++
		a.place = g.waiting[fresh].PushBack(a)
		if a.preamble == nil {
			g.place(a, addr)
		}
		return "", nil
	}
	g.close(victim)
	return why, victim
}

// place counts a connection for its address. It is called with mu held.
func (g *gate) place(a *arrival, addr netip.Addr) {
	if !addr.IsValid() || g.trusted.has(addr) {
		return
	}
	a.networks = g.networks.at(addr)
	for _, in := range a.networks {
		if in != nil {
			in.value[a.state]++
		}
	}
	if g.excessive(a) && !g.trimming {
		g.trimming = true
		time.AfterFunc(grace, g.trim)
	}
}

// move brings a connection into another state. It is called with mu held.
func (g *gate) move(a *arrival, to state) {
	if a.state == to || a.state == ended {
		return
	}
	for _, in := range a.networks {
		if in == nil {
			continue
		}
		in.value[a.state]--
		if to <= asked {
			in.value[to]++
		}
	}
	if a.place != nil {
		g.waiting[a.state].Remove(a.place)
		a.place = nil
	}
	a.state, a.since = to, time.Since(opened)
	if to <= asked {
		a.place = g.waiting[to].PushBack(a)
		return
	}
	g.networks.leave(&a.networks)
	a.networks = path[tally]{}
	if to == ended {
		g.open--
	}
}

// excessive reports whether a connection is one of more than its networks may have that have not finished a request.
func (g *gate) excessive(a *arrival) bool {
	for level, in := range a.networks {
		if in != nil && in.value[fresh] > allowed(g.each, level) {
			return true
		}
	}
	return false
}

// closeable is the connection that is closed where there is no room for one more, or nil. It is called with mu held.
func (g *gate) closeable() *arrival {
	for _, s := range [...]state{idle, pooled, fresh} {
		if a := g.oldest(s, -1); a != nil {
			return a
		}
	}
	return g.oldest(asked, g.each) // a request that waits, or whose answer is not taken
}

// lookedAt is how many of the oldest connections are looked at for the one to close; more where all of these may stay.
const lookedAt = 64

// oldest is the connection whose network has the most in that state, and more than so many; of these one that has not
// said a word where there is one, and of those the one that came first. nil: there is none to close at the moment. So
// it is where those with the most all wait for the server, and who is left has just come; and where all are a trusted
// proxy's, which is about to pass a request on. It is called with mu held.
func (g *gate) oldest(s state, more int) (found *arrival) {
	most, spoke, widest := -1, true, 0
	at := g.waiting[s].Front()
	for n := 0; at != nil && (n < lookedAt || found == nil); n, at = n+1, at.Next() {
		a := at.Value.(*arrival)
		narrow, wide := a.beside(s)
		widest = max(widest, wide)
		better := wide > most || wide == most && spoke && a.spoke.Load() == 0
		if better && narrow > more && (s == asked || a.silent()) {
			found, most, spoke = a, wide, a.spoke.Load() != 0
		}
	}
	if found != nil && s != asked && (most < widest || most == 0) && found.young() {
		return nil
	}
	return found
}

// beside returns how many connections the narrowest and the widest of a connection's networks have in that state; 0 where
// they are not counted.
func (a *arrival) beside(s state) (narrow, wide int) {
	for _, in := range a.networks {
		if in == nil {
			continue
		}
		if wide = in.value[s]; narrow == 0 {
			narrow = wide
		}
	}
	return narrow, wide
}

// trim closes what addresses have too much of, the oldest first. It runs in a timer's goroutine and waits for nothing.
func (g *gate) trim() {
	var victims []*arrival
	g.mu.Lock()
	again := false
	for at := g.waiting[fresh].Front(); at != nil; {
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

// young reports whether a connection still has time to finish its request. It is called with mu held.
func (a *arrival) young() bool {
	now, spoke := time.Since(opened), a.spoke.Load()
	return now-a.since < grace || spoke != 0 && now-time.Duration(spoke) < grace
}

// close counts a connection out; nil is none. It is called with mu held; end follows without it.
func (g *gate) close(a *arrival) {
	if a != nil {
		g.move(a, ended)
	}
}

// end closes a connection that was counted out. Who reads from it notices.
func (g *gate) end(why string, a *arrival) {
	g.refused.WithLabelValues(why).Inc()
	g.tell(why, a)
	_ = a.Conn.Close() // who is at the other end has said nothing that is owed an answer
}

// count returns how many connections are in a state.
func (g *gate) count(s state) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting[s].Len()
}
