// Package gate admits connections before anything is known of their clients.
//
// It promises that no stranger keeps others out by the number of their connections: not one who sends nothing or sends
// it slowly, and not one who has sent a request and stays. It bounds how many connections there are, and makes room by
// closing the oldest, never the newest: that is the one who has just come, and may be honest.
//
// A client that waits for the server is not to blame. The gate leaves a connection alone while data that came on it is
// unread, or while the server works on what it has read. If there are only such connections, it accepts more slowly.
package gate

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"verbatim/server/access"
	"verbatim/server/limit"
	"verbatim/server/logging"
)

// Gate counts the connections of one or more listeners and closes those that are too many. It serves one http.Server,
// whose ConnState, ConnContext and Handler must be the Gate's. Safe for concurrent use.
type Gate struct {
	// Fixed.
	o Options

	mu       sync.Mutex
	open     int                     // guarded by mu
	waiting  [waitStates]list.List   // guarded by mu; of *arrival, in the order in which they came into that state
	networks *limit.Hierarchy[tally] // guarded by mu
	trimming bool                    // guarded by mu; a timer will call trim
}

// Options are what a Gate goes by.
type Options struct {
	Connections    int // at most, in all
	Handshakes     int // at most, connections that have not completed a request; as many may be idle
	HandshakesEach int // the same for each address

	Proxies access.Peers // must send a PROXY header
	Trusted access.Peers // have no bound of their own: many clients share their connections

	Refused *prometheus.CounterVec // connections that are closed, by reason
	Notes   *logging.Notes
}

// New returns a Gate.
func New(o Options) *Gate {
	return &Gate{
		o:        o,
		networks: limit.NewHierarchy(limit.MaxNetworks, func(t *tally) bool { return *t == tally{} }, nil),
	}
}

// Stats are the numbers of connections by what is done on them.
type Stats struct {
	Open       int // in all
	Handshakes int // have not completed a request
	Idle       int // are between two requests
	Answering  int // their request is being answered
	Networks   int // networks whose connections are counted
}

// Stats returns the numbers at this moment.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Stats{
		Open: g.open, Handshakes: g.waiting[handshaking].Len(), Idle: g.waiting[idle].Len() + g.waiting[pooled].Len(),
		Answering: g.waiting[answering].Len(), Networks: g.networks.Len(),
	}
}

// Guard returns a listener whose connections have come through the gate.
func (g *Gate) Guard(l net.Listener) net.Listener { return &guarded{l, g} }

type guarded struct {
	net.Listener
	gate *Gate
}

// opened is what times count from, by the monotonic clock.
var opened = time.Now()

// Times of the gate.
const (
	// grace is how long a connection of an address that has too many may send nothing, as long as it keeps nobody out:
	// its client has connected, and may be about to send a request. From its first byte on it has as long again.
	grace = time.Second
	// pause is how long the gate waits for the server before it looks again.
	pause = 2 * time.Millisecond
	// acceptWait is how long it does so for one connection.
	acceptWait = 500 * time.Millisecond
)

// Accept waits for the next connection that is admitted. It handles temporary errors, such as a lack of open files,
// itself.
func (l *guarded) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
			l.gate.outOfFiles(err)
		case err != nil:
			return nil, err
		default:
			if a := l.gate.admit(c); a != nil {
				return a, nil
			}
		}
	}
}

// outOfFiles makes room if no file can be opened, which the bound on connections should have prevented.
func (g *Gate) outOfFiles(err error) {
	g.mu.Lock()
	victim := g.victim()
	g.close(victim)
	g.mu.Unlock()
	g.o.Notes.Add(logging.Note{
		Kind: "gate: no file", Level: zerolog.WarnLevel, Words: "no connection can be accepted",
		Err: err, Do: raiseFiles,
	})
	if victim != nil {
		g.end("files", victim)
	}
	time.Sleep(pause) // the system frees the file in a moment
}

// admit takes a connection in, or closes it and returns nil.
func (g *Gate) admit(c net.Conn) *arrival {
	a := &arrival{Conn: c, gate: g, since: time.Since(opened)}
	addr, _ := access.ParseHop(c.RemoteAddr().String())
	if g.o.Proxies.Has(addr) || !addr.IsValid() && g.o.Proxies.Unix {
		a.preamble = &preamble{}
	}
	for late := time.Now().Add(acceptWait); ; {
		reason, victim := g.enter(a, addr)
		switch {
		case reason == "":
			return a
		case victim != nil:
			g.end(reason, victim)
		case time.Now().Before(late):
			time.Sleep(pause)
		default:
			g.end(reason, a) // it has sent nothing that was read
			return nil
		}
	}
}

// enter counts a connection in and returns "". If there is no room, it returns the reason, and the connection that it
// counted out to make room, or nil if there is none at the moment.
func (g *Gate) enter(a *arrival, addr netip.Addr) (reason string, victim *arrival) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.waiting[handshaking].Len() >= g.o.Handshakes:
		reason, victim = "handshake", g.oldest(handshaking, -1)
	case g.open >= g.o.Connections:
		reason, victim = "files", g.victim()
	default:
		g.open++
		a.element = g.waiting[handshaking].PushBack(a)
		if a.preamble == nil {
			g.place(a, addr)
		}
		return "", nil
	}
	g.close(victim)
	return reason, victim
}

// end closes a connection that was counted out. A read from it returns an error.
func (g *Gate) end(reason string, a *arrival) {
	g.o.Refused.WithLabelValues(reason).Inc()
	g.noteClosed(reason, a)
	_ = a.Conn.Close() // its client has sent nothing that must be answered
}
