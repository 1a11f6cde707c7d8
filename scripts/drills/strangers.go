package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// letInWithin is how soon an honest user must be let in, whatever strangers do.
const letInWithin = 100 * time.Millisecond

var strangers = drill{
	name: "strangers", root: true,
	about: "strangers hold refused, silent and idle connections, or post from 12,000 networks: " +
		"how soon are honest users let in?",
	run: func(r *run) error {
		a, err := r.attack()
		if err != nil {
			return err
		}
		const get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
		const refused = "GET /ws?name= HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
		const waits = "GET /api/conversations/lobby/messages?after=0&wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n"
		max200 := []string{"--max-connections", "200"}
		few := []string{"prlimit", "--nofile=300:300"}
		for _, s := range []siege{
			{what: nobody, flags: max200},
			{what: "200 refused sockets at --max-connections 200", says: refused, sockets: 200, flags: max200},
			{what: "400 silent connections at 300 open files", sockets: 400, under: few},
			{what: "400 of them of 400 networks", sockets: 400, under: few, spread: true},
			{what: "400 requests without an end", says: get + "X: ", sockets: 400, under: few},
			{what: "400 idle connections", says: get + "\r\n", sockets: 400, under: few},
			{what: "400 requests that wait", says: waits, sockets: 400, under: few},
		} {
			if err := a.besiege(s); err != nil {
				return err
			}
		}
		return a.post()
	},
}

// attack is a network of its own, in which any address can be bound.
type attack struct {
	r  *run
	in *process // which has the network

	busy bool // even where nobody besieged the server, an honest user had to wait
}

// nobody is what the other figures are compared with.
const nobody = "nobody else"

// serverAt is the server's address in it; everybody else has addresses of these networks.
const serverAt = "2001:db8:ffff::1"

func (r *run) attack() (*attack, error) {
	a := &attack{r: r}
	var err error
	const makes = "ip link set lo up && ip -6 addr add " + serverAt + "/128 dev lo nodad && " +
		"ip -6 route add local 2001:db8:1::/48 dev lo && ip -6 route add local 2001:db8:2::/48 dev lo && " +
		"echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind && echo held && exec sleep infinity"
	if a.in, err = r.start("unshare", "--net", "sh", "-c", makes); err != nil {
		return nil, err
	}
	held := func() bool { return a.in.output.String() == "held\n" }
	return a, r.until("a network is there", 10*time.Second, held)
}

// network is an address of one of 65,536 networks (/64) of a /48.
func network(site, n int) string { return fmt.Sprintf("2001:db8:%d:%x::1", site, n&0xffff) }

// dial connects from an address to the server.
func (a *attack) dial(s *server, from string) (conn net.Conn, err error) {
	err = inNetwork(a.in.pid(), func() error {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: dialLimit}
		conn, err = d.DialContext(a.r.ctx, "tcp6", s.addr)
		return err
	})
	return conn, err
}

// client is an HTTP client that connects anew each time, from an address.
func (a *attack) client(s *server, from string) *http.Client {
	return dialer(func(context.Context, string, string) (net.Conn, error) { return a.dial(s, from) })
}

func (a *attack) serve(under []string, flags ...string) (*server, error) {
	s, err := a.r.newServer(append([]string{"--auth", "open"}, flags...)...)
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(s.addr, ":")
	s.addr = "[" + serverAt + "]:" + port
	s.under = append([]string{"nsenter", "--net=/proc/" + strconv.Itoa(a.in.pid()) + "/ns/net"}, under...)
	return s, s.start()
}

// siege is what strangers do to a server: so many sockets say something and stay; whose is closed comes again half a
// second later.
type siege struct {
	what    string
	says    string
	sockets int
	spread  bool // each of a network of its own; else all of one address
	flags   []string
	under   []string
}

func (a *attack) besiege(g siege) error {
	s, err := a.serve(g.under, g.flags...)
	if err != nil {
		return err
	}
	ctx, lift := context.WithCancel(a.r.ctx)
	var all sync.WaitGroup
	defer func() { lift(); all.Wait() }()
	var holding atomic.Int64
	for i := range g.sockets {
		from := network(1, 0)
		if g.spread {
			from = network(1, i)
		}
		all.Go(func() { // ends with the siege
			for ; ctx.Err() == nil; pauseIn(ctx, 500*time.Millisecond) {
				if c, err := a.dial(s, from); err == nil {
					holding.Add(1)
					stay(ctx, c, g.says)
					holding.Add(-1)
				}
			}
		})
	}
	some := func() bool { return holding.Load() >= int64(g.sockets/20) }
	if err := a.r.until("some strangers hold connections", 20*time.Second, some); err != nil {
		return err
	}
	a.r.pause(time.Second) // until it is a siege
	took := a.honest(a.r.long(100, 10), func(i int) error { return a.comeIn(s, network(2, i)) })
	lift()
	all.Wait()
	a.report(g.what, took)
	return s.terminate()
}

// stay says something and reads until the server has had enough.
func stay(ctx context.Context, c net.Conn, says string) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := io.WriteString(c, says); err == nil {
		_, _ = io.Copy(io.Discard, c) // until either end closes
	}
}

// comeIn is an honest user: a WebSocket until its welcome, and then one GET.
func (a *attack) comeIn(s *server, from string) error {
	client := a.client(s, from)
	ctx, cancel := context.WithTimeout(a.r.ctx, dialLimit)
	defer cancel()
	address := "ws://" + s.addr + "/ws?name=" + url.QueryEscape("honest "+from)
	conn, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	if _, first, err := conn.Read(ctx); err != nil || !strings.Contains(string(first), `"type":"welcome"`) {
		return fmt.Errorf("in place of the welcome: %.200s %w", first, err)
	}
	return nil
}

// honest does something so often, one after the other, and returns how long each took. Where no time counts it tries
// again when it is cut off, as clients do: a busy machine's late request is like a connection that says nothing.
func (a *attack) honest(n int, do func(i int) error) (took []time.Duration) {
	for i := range n {
		began := time.Now()
		err := do(i)
		for ; err != nil && a.r.short && time.Since(began) < dialLimit && a.r.ctx.Err() == nil; err = do(i) {
			a.r.pause(20 * time.Millisecond)
		}
		if err != nil && a.r.ctx.Err() == nil {
			a.r.miss("honest user %d was not let in: %v", i, err)
		}
		took = append(took, time.Since(began))
		a.r.pause(20 * time.Millisecond)
	}
	return took
}

func (a *attack) report(what string, took []time.Duration) {
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
	slowest := took[len(took)-1]
	if what == nobody {
		a.busy = slowest > letInWithin
	}
	a.r.judge(slowest <= letInWithin || a.busy, "%s: %d honest users, median %s, p95 %s, slowest %s (bound: %v)",
		what, len(took), ms(took[len(took)/2]), ms(took[len(took)*95/100]), ms(slowest), letInWithin)
	if what == nobody && a.busy {
		a.r.count("this machine has so much else to do that what follows is not held to the bound")
	}
}

// post is 12,000 networks that post, and newcomers of other networks among them.
func (a *attack) post() error {
	s, err := a.serve(nil, "--send-rate", "50")
	if err != nil {
		return err
	}
	networks := a.r.long(12_000, 500)
	var next, done, refused atomic.Int64
	send := func(from, who string) error {
		resp, err := a.client(s, from).Post("http://"+s.addr+"/api/conversations/lobby/messages", "application/json",
			strings.NewReader(`{"from":"`+who+`","text":"a word"}`))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			return fmt.Errorf("HTTP %d", resp.StatusCode)
		}
		return nil
	}
	var all sync.WaitGroup
	defer all.Wait()
	ctx, lift := context.WithCancel(a.r.ctx)
	defer lift()
	for range 8 {
		all.Go(func() { // ends with the siege
			for ctx.Err() == nil {
				n := next.Add(1)
				if send(network(1, int(n)%networks), "stranger") != nil {
					refused.Add(1)
				}
				done.Add(1)
			}
		})
	}
	began := time.Now()
	var took []time.Duration
	for i := 0; done.Load() < int64(networks) || i < 10; i++ {
		if a.r.ctx.Err() != nil || time.Since(began) > 5*time.Minute {
			return errors.New("the networks have not posted in time")
		}
		a.r.say("%d of %d networks have posted", done.Load(), networks)
		took = append(took, a.honest(1, func(int) error { return send(network(2, i), "honest") })...)
	}
	lift()
	all.Wait()
	rate := float64(done.Load()) / time.Since(began).Seconds()
	a.report(fmt.Sprintf("%d networks (/64) of one /48 post, %.0f a second, %d of them refused",
		networks, rate, refused.Load()), took)
	return s.terminate()
}
