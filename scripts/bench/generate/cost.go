package main

import (
	"time"

	"verbatim/scripts/bench/figures"
)

// cost fills in what n pieces of work took since began.
func (g *generator) cost(f *figures.Figures, began reading, n int64) {
	ended := g.reading()
	f.Seconds = ended.at.Sub(began.at).Seconds()
	server, own := ended.server-began.server, ended.own-began.own
	f.CPUEach, f.GeneratorEach = each(server, n), each(own, n)
	f.Cores, f.GeneratorCores = server.Seconds()/f.Seconds, own.Seconds()/f.Seconds
}

// each is in microseconds.
func each(d time.Duration, n int64) float64 {
	if n == 0 {
		return 0
	}
	return float64(d) / float64(time.Microsecond) / float64(n)
}

// connecting is how many sockets may be on their way in at once.
const connecting = 128

// connect opens n sockets, perRoom in each room, and waits until all are in.
func (g *generator) connect(n, perRoom int, joins bool) error {
	for range n {
		if err := g.dial(len(g.conns)/perRoom, joins); err != nil {
			return err
		}
		few := func() bool { return len(g.conns)-g.ready < connecting }
		if err := g.until(waitLong, "the sockets join", few); err != nil {
			return err
		}
	}
	return g.until(waitLong, "the sockets join", func() bool { return g.ready == len(g.conns) })
}

// waitLong bounds every wait for the server that has no bound of its own.
const waitLong = 60 * time.Second
