package main

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"
)

// networks are two network namespaces with a cable between them, gone when the processes that hold them are.
type networks struct {
	r            *run
	server, away *process // who holds each
}

// The addresses are of a block that is nobody's (RFC 5737), should a packet ever come out of its namespace.
const (
	serverAddress = "192.0.2.1"
	awayAddress   = "192.0.2.2"
)

func (r *run) networks() (n *networks, err error) {
	n = &networks{r: r}
	for _, p := range []**process{&n.server, &n.away} {
		if *p, err = r.start("unshare", "--net", "sh", "-c", "echo held; exec sleep infinity"); err != nil {
			return nil, err
		}
		held := func() bool { return (*p).output.String() == "held\n" }
		if err := r.until("a network is there", time.Minute, held); err != nil {
			return nil, err
		}
	}
	here, there := strconv.Itoa(n.server.pid()), strconv.Itoa(n.away.pid())
	for _, line := range []struct{ pid, does string }{
		{here, "ip link set lo up"},
		{here, "ip link add cable type veth peer name cable netns " + there},
		{here, "ip addr add " + serverAddress + "/24 dev cable"},
		{here, "ip link set cable up"},
		{there, "ip addr add " + awayAddress + "/24 dev cable"},
		{there, "ip link set cable up"},
	} {
		if err := n.inside(line.pid, line.does); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *networks) inside(pid, does string) error {
	return n.r.command(append([]string{"nsenter", "--net=/proc/" + pid + "/ns/net"}, strings.Fields(does)...)...)
}

// cable pulls the cable at the clients' end, or puts it in: nobody is told, packets just go nowhere.
func (n *networks) cable(state string) error {
	return n.inside(strconv.Itoa(n.away.pid()), "ip link set cable "+state)
}

// from dials out of the network of a process.
func from(p *process) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = inNetwork(p.pid(), func() error {
			conn, err = (&net.Dialer{}).DialContext(ctx, "tcp4", address)
			return err
		})
		return conn, err
	}
}

var networkLoss = drill{
	name: "networkloss", root: true,
	about: "clients vanish without closing (their network is cut): the others go on, the server lets go of them, " +
		"they resume exactly",
	run: func(r *run) error {
		n, err := r.networks()
		if err != nil {
			return err
		}
		const admin = "127.0.0.1:9464" // in the server's own network
		s, err := r.newServer("--auth", "open", "--write-timeout", "10s", "--admin-listen", admin)
		if err != nil {
			return err
		}
		_, port, _ := strings.Cut(s.addr, ":")
		s.addr = serverAddress + ":" + port
		s.under = []string{"nsenter", "--net=/proc/" + strconv.Itoa(n.server.pid()) + "/ns/net"}
		s.client = dialer(from(n.server))
		s.admin = admin
		if err := s.start(); err != nil {
			return err
		}
		both, err := r.newTraffic(s, shape{})
		if err != nil {
			return err
		}
		near := steady
		near.undisturbed, near.readers = false, 10
		far := shape{
			conversations: steady.conversations, authors: 25, readers: 25,
			window: 1, every: 200 * time.Millisecond, size: 200, prefix: "far-",
		}
		return n.vanishing(both.join(near, dialer(from(n.server))), both.join(far, dialer(from(n.away))))
	},
}

// vanishing pulls the cable between two looks at those who stay.
func (n *networks) vanishing(t, gone *traffic) error {
	r := n.r
	r.pause(time.Duration(r.long(5000, 1000)) * time.Millisecond)
	before := t.measured()
	all, err := t.s.metric("verbatim_sessions")
	if err != nil {
		return err
	}
	living := float64(near(t))
	r.say("the cable is out")
	gone.disturb("the network was cut", func() {
		if err = n.cable("down"); err != nil {
			return
		}
		if r.short {
			r.pause(3 * time.Second)
			return
		}
		// The server finds out by its write timeout, or its pings: 10 s and 60 s at the most, here, and it is busy.
		began, left := time.Now(), all
		let := func() bool {
			r.pause(250 * time.Millisecond) // asking costs the server something, too
			left, err = t.s.metric("verbatim_sessions")
			return err == nil && left <= living
		}
		if r.wait(2*time.Minute, let) {
			r.count("the server let go of all %.0f vanished sessions within %.0f s",
				all-living, time.Since(began).Seconds())
		} else if err == nil {
			r.miss("%.0f sessions are open 2 minutes after %.0f of %.0f vanished", left, all-living, all)
		}
	})
	if err != nil {
		return err
	}
	during := t.measured()
	r.count("p99 of the others %s before, %s during", milli(before, 99), milli(during, 99))
	gone.disturb("the network was cut", func() { gone.hangUp(); err = n.cable("up") })
	if err != nil {
		return err
	}
	if err := gone.moreAcks(50); err != nil {
		return err
	}
	if err := t.audit(); err != nil {
		return err
	}
	gone.hush.Do(func() { close(gone.quiet) })
	t.hush.Do(func() { close(t.quiet) })
	gone.authors.Wait()
	if err := t.settle(); err != nil {
		return err
	}
	gone.stop()
	r.count("%d clients vanished and resumed", gone.shape.authors+gone.shape.readers)
	return t.finish()
}

// near is how many sessions stay.
func near(t *traffic) int { return t.shape.authors + t.shape.readers }
