package gate

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"verbatim/server/access"
	"verbatim/server/logging"
)

// openGate is a gate with a listener before it, which accepts until the test ends.
type openGate struct {
	*Gate
	t        *testing.T
	listener net.Listener
	accepted chan net.Conn
}

func refusedCounter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "refused"}, []string{"reason"})
}

func openGateOf(t *testing.T, o Options) *openGate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Refused = refusedCounter()
	if o.Notes == nil {
		o.Notes = logging.NewNotes(zerolog.Nop())
	}
	g := &openGate{
		t: t, Gate: New(o),
		accepted: make(chan net.Conn, 100), // more than any of these tests opens
	}
	g.listener = g.Guard(l)
	ended := make(chan struct{})
	go func() { // the test's; ends with the listener
		defer close(ended)
		for {
			c, err := g.listener.Accept()
			if err != nil {
				return
			}
			g.accepted <- c
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
		close(g.accepted)
		for c := range g.accepted {
			_ = c.Close()
		}
	})
	return g
}

// from connects from an address and returns both ends. The server waits for what comes, as net/http does.
func (g *openGate) from(addr string) (there net.Conn, here *arrival) {
	g.t.Helper()
	there, here = g.unread(addr)
	ended := make(chan struct{})
	go func() { // the test's; ends with the connection
		defer close(ended)
		_, _ = io.Copy(io.Discard, here)
	}()
	g.t.Cleanup(func() {
		_ = here.Close()
		<-ended
	})
	until(g.t, "the server waits for it", here.silent)
	return there, here
}

// in connects from an address and returns both ends of a connection that has come into a state.
func (g *openGate) in(s state, addr string) (there net.Conn, here *arrival) {
	g.t.Helper()
	there, here = g.from(addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.move(here, s)
	return there, here
}

// unread connects from an address and returns both ends. The server does not come to it.
func (g *openGate) unread(addr string) (there net.Conn, here *arrival) {
	g.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(addr)}}
	there, err := d.Dial("tcp", g.listener.Addr().String())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = there.Close() })
	select {
	case c := <-g.accepted:
		g.t.Cleanup(func() { _ = c.Close() })
		return there, c.(*arrival)
	case <-time.After(patience):
		g.t.Fatalf("a connection from %s was not accepted", addr)
		return nil, nil
	}
}

// waiting connects from an address and asks for something that the server does not come to.
func (g *openGate) waiting(addr string) *arrival {
	g.t.Helper()
	there, here := g.unread(addr)
	if _, err := io.WriteString(there, "GET / HTTP/1.1\r\n"); err != nil {
		g.t.Fatal(err)
	}
	until(g.t, "it has come", func() bool { return !here.silent() })
	return here
}

// stands fails the test where a connection without a finished request was closed.
func (g *openGate) stands(what string, a *arrival) {
	g.t.Helper()
	if got := g.state(a); got != handshaking {
		g.t.Errorf("%s was closed (state %d)", what, got)
	}
}

// closed waits until the server has closed a connection.
func (g *openGate) closed(c net.Conn) {
	g.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); err != nil {
		g.t.Fatalf("the connection of %v stands: %v", c.LocalAddr(), err)
	}
}

func (g *openGate) state(a *arrival) state {
	g.mu.Lock()
	defer g.mu.Unlock()
	return a.state
}

func TestTheOldestOfTheFullestNetworkMakesRoom(t *testing.T) {
	t.Parallel()
	g := openGateOf(t, Options{Connections: 100, Handshakes: 4, HandshakesEach: 4})
	_, honest := g.from("127.0.9.1") // the oldest of all
	first, _ := g.from("127.0.0.1")
	second, _ := g.from("127.0.0.2")
	_, third := g.from("127.0.0.3")
	_, newest := g.from("127.0.8.1")
	g.closed(first)
	_, newest2 := g.from("127.0.0.4")
	g.closed(second)
	for what, a := range map[string]*arrival{"another network's": honest, "a younger one's": third, "the newest": newest, "the newest of the fullest": newest2} {
		if got := g.state(a); got != handshaking {
			t.Errorf("%s connection was closed (state %d)", what, got)
		}
	}
	if got := g.count(handshaking); got != 4 {
		t.Errorf("there are %d, want 4", got)
	}
}

// A proxy connects when it has a request to pass on: a crowd that comes back through one has more young connections than
// there may be, and each that is closed is an error for somebody.
func TestAProxysConnectionHasTimeForItsRequest(t *testing.T) {
	t.Parallel()
	trusted, err := access.ParsePeers([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	g := openGateOf(t, Options{Connections: 100, Handshakes: 2, HandshakesEach: 2, Trusted: trusted})
	_, first := g.from("127.0.0.1")
	_, second := g.from("127.0.0.1")
	ages := func(since time.Duration) {
		g.mu.Lock()
		defer g.mu.Unlock()
		first.since, second.since = since, since
	}
	for _, addr := range []string{"127.0.0.1", "127.0.0.2"} {
		ages(time.Since(opened) + time.Hour) // young, however slow this machine is
		if why, victim := g.enter(&arrival{gate: g.Gate}, netip.MustParseAddr(addr)); why != "handshake" || victim != nil {
			t.Errorf("for one more from %s: got %q and %v, want it to wait", addr, why, victim)
		}
	}
	ages(-time.Hour)
	if why, victim := g.enter(&arrival{gate: g.Gate}, netip.MustParseAddr("127.0.0.1")); why != "handshake" || victim != first {
		t.Errorf("where they are silent for long: got %q and %v, want the first to make room", why, victim)
	}
	_ = first.Close()
}

func TestAConnectionWhoseRequestIsUnreadIsNotClosed(t *testing.T) {
	t.Parallel()
	g := openGateOf(t, Options{Connections: 100, Handshakes: 2, HandshakesEach: 2})
	a := g.waiting("127.0.0.1")
	silent, _ := g.from("127.0.0.1")
	g.from("127.0.0.1")
	g.closed(silent)
	g.stands("who waits for the server", a)
}

// A crowd that has just come must not be spared for want of a goroutine: then who is being read would go in its place.
func TestOfThoseWhoHaveSaidNothingTheFullestNetworkGoesFirstThoughNobodyReadsItYet(t *testing.T) {
	t.Parallel()
	g := openGateOf(t, Options{Connections: 100, Handshakes: 3, HandshakesEach: 3})
	_, honest := g.from("127.0.9.1")
	first, _ := g.unread("127.0.0.1")
	g.unread("127.0.0.1")
	g.unread("127.0.0.1")
	g.closed(first)
	g.stands("another network's connection", honest)
}

func TestWhoHasJustComeIsNotClosedForACrowdThatWaitsForTheServer(t *testing.T) {
	t.Parallel()
	g := openGateOf(t, Options{Connections: 100, Handshakes: 3, HandshakesEach: 3})
	for range 2 {
		g.waiting("127.0.0.1")
	}
	_, honest := g.from("127.0.9.1")
	g.mu.Lock()
	honest.since += time.Hour // it has just come, however slow this machine is
	g.mu.Unlock()
	one, err := net.Dial("tcp", g.listener.Addr().String()) // one more of the crowd
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	g.closed(one)
	g.stands("who has just come", honest)
}

func TestAConnectionIsNotClosedWhileTheServerIsBusyWithWhatItHasRead(t *testing.T) {
	t.Parallel()
	g := openGateOf(t, Options{Connections: 100, Handshakes: 2, HandshakesEach: 2})
	const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
	waits, a := g.unread("127.0.0.1")
	if _, err := io.WriteString(waits, request); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(a, make([]byte, len(request))); err != nil {
		t.Fatal(err)
	}
	half, b := g.from("127.0.0.1")
	if _, err := io.WriteString(half, "GET /"); err != nil {
		t.Fatal(err)
	}
	until(t, "half a request was read", func() bool { return b.firstByte.Load() != 0 && b.silent() })
	g.from("127.0.0.1")
	g.closed(half)
	g.stands("who waits for the server", a)
}

func TestWhereFilesAreShortIdleConnectionsMakeRoomAndThenLongRequestsOfOneAddress(t *testing.T) {
	t.Parallel()
	g := openGateOf(t, Options{Connections: 4, Handshakes: 4, HandshakesEach: 1})
	_, lone := g.in(answering, "127.0.9.1")
	oldest, _ := g.in(answering, "127.0.0.1")
	_, other := g.in(answering, "127.0.0.1")
	unused, _ := g.in(idle, "127.0.0.1")
	g.in(answering, "127.0.7.1")
	g.closed(unused)
	_, last := g.in(answering, "127.0.6.1")
	g.closed(oldest)
	for what, a := range map[string]*arrival{"another address's": lone, "its only one left": other, "the newest": last} {
		if got := g.state(a); got != answering {
			t.Errorf("%s request was cut (state %d)", what, got)
		}
	}
	there, err := net.Dial("tcp", g.listener.Addr().String()) // now nobody has more than they may
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	g.closed(there)
}

func TestWhereFilesAreShortAProxysPoolGoesAfterWhatStrangersLeaveIdle(t *testing.T) {
	t.Parallel()
	trusted, err := access.ParsePeers([]string{"127.0.5.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	g := openGateOf(t, Options{Connections: 3, Handshakes: 3, HandshakesEach: 3, Trusted: trusted})
	_, newest := g.from("127.0.8.1")
	kept, _ := g.in(pooled, "127.0.5.1")
	unused, _ := g.in(idle, "127.0.0.1")
	g.age(pooled)
	g.in(answering, "127.0.7.1")
	g.closed(unused)
	g.in(answering, "127.0.6.1")
	g.closed(kept)
	g.stands("who has just come", newest)
}

func TestWhoHasTooMuchIsFoundBehindManyWhoMayStay(t *testing.T) {
	t.Parallel()
	const honest = maxScanned + 6
	g := openGateOf(t, Options{Connections: honest + 2, Handshakes: honest, HandshakesEach: 1})
	for n := range honest {
		g.in(answering, fmt.Sprintf("127.1.%d.1", n))
	}
	first, _ := g.in(answering, "127.2.0.1")
	g.in(answering, "127.2.0.1")
	g.from("127.3.0.1")
	g.closed(first)
}

func TestAnAddressKeepsItsPartOfWhatIsNotAskedForAndAProxyIsManyPeople(t *testing.T) {
	t.Parallel()
	trusted, err := access.ParsePeers([]string{"127.0.5.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	g := openGateOf(t, Options{Connections: 100, Handshakes: 100, HandshakesEach: 2, Trusted: trusted})
	var strangers []net.Conn
	for range 5 {
		c, _ := g.from("127.0.0.1")
		strangers = append(strangers, c)
		g.from("127.0.5.1")
	}
	for _, c := range strangers[:3] {
		g.closed(c)
	}
	if got := g.count(handshaking); got != 7 {
		t.Errorf("there are %d, want the address's newest 2 and the proxy's 5", got)
	}
}

func TestARequestWhoseConnectionWasCountedOutComesToNobody(t *testing.T) {
	t.Parallel()
	g := openGateOf(t, Options{Connections: 10, Handshakes: 10, HandshakesEach: 10})
	_, a := g.from("127.0.0.1")
	g.mu.Lock()
	g.close(a) // its end follows in a moment
	g.mu.Unlock()
	r := httptest.NewRequest(http.MethodGet, "/ws", nil).WithContext(g.ConnContext(t.Context(), a))
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("got %v, want the request to be aborted", got)
		}
	}()
	g.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it came to a handler") })).ServeHTTP(httptest.NewRecorder(), r)
}
