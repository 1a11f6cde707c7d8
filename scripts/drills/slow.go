package main

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// sluggard is one kind of slow client.
type sluggard struct {
	what          string
	reads, writes int // bytes a second; 0: as fast as it goes
	stuck         bool
	lives         bool // it must not be closed for its slowness

	closed atomic.Int64 // how often it was
}

var slow = drill{
	name: "slow",
	about: "clients that read 16 kB/s, 1 byte/s or nothing, or send 1 byte/s: " +
		"those that take anything live, all resume exactly, nobody else waits",
	run: func(r *run) error {
		s, err := r.serve("--write-timeout", "10s")
		if err != nil {
			return err
		}
		// One conversation of 60 kB/s, which the slow ones cannot follow.
		t, err := r.begin(s, shape{
			conversations: 1, authors: 6, readers: 4, window: 1, every: 100 * time.Millisecond, size: 1000,
		})
		if err != nil {
			return err
		}
		r.pause(time.Duration(r.long(5000, 1000)) * time.Millisecond)
		before := t.measured()
		var over atomic.Bool
		all := []*sluggard{
			{what: "reads 16 kB/s", reads: 16 << 10, lives: true},
			{what: "reads 1 byte/s", reads: 1},
			{what: "reads nothing", stuck: true},
			{what: "sends 1 byte/s", writes: 1, lives: true},
		}
		for _, g := range all {
			var begun atomic.Bool // the handshake is nobody's subject here
			u := t.join(shape{conversations: 1}, g.through(&begun, &over))
			t.readers.Go(func() { u.dawdle(g, &begun, &over) }) // the traffic's; ends with it
		}
		lasts := time.Duration(r.long(90, 8)) * time.Second
		for began := time.Now(); time.Since(began) < lasts && r.ctx.Err() == nil && !r.broken(); {
			r.say("%v of %v", time.Since(began).Round(time.Second), lasts)
			r.pause(500 * time.Millisecond)
		}
		during := t.measured()
		over.Store(true) // they catch up
		if err := t.settle(); err != nil {
			return err
		}
		for _, g := range all {
			r.count("%s: closed %d times", g.what, g.closed.Load())
		}
		r.count("for %v; p99 of the others %s before, %s during", lasts, milli(before, 99), milli(during, 99))
		return t.finish()
	},
}

// through makes connections of the sluggard's kind, which are quick until begun and again when it is over.
func (g *sluggard) through(begun, over *atomic.Bool) *http.Client {
	return dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		begun.Store(false)
		conn, err := smallBuffer(8<<10)(ctx, network, address)
		fast := func() bool { return over.Load() || !begun.Load() }
		return &slowConn{Conn: conn, reads: g.reads, writes: g.writes, fast: fast}, err
	})
}

// dawdle is a slow client until over says otherwise: then it is a quick one, and catches up.
func (t *traffic) dawdle(g *sluggard, begun, over *atomic.Bool) {
	at := cursors{}
	wait := func() bool {
		for g.stuck && !over.Load() && t.ctx.Err() == nil {
			pauseIn(t.ctx, 100*time.Millisecond)
		}
		return false
	}
	name, said := "slow-"+g.what, false
	for s := t.connected(name); s != nil; s = t.connected(name) {
		var err error
		if g.writes > 0 && !said {
			begun.Store(true)
			var left []*pending
			left, err = t.play(s, []*pending{{conversation: "room-0", id: "s1", text: "x"}})
			said = len(left) == 0
		}
		if err == nil {
			err = t.follow(t.ctx, s, t.conversations, at, func() bool { begun.Store(true); return wait() })
		}
		if t.ctx.Err() == nil && err != nil {
			g.closed.Add(1)
		}
		if g.lives {
			s.end("")
			continue
		}
		s.end("its TCP took too little")
	}
}
