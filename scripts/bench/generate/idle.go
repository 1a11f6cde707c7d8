package main

import (
	"time"

	"verbatim/scripts/bench/figures"
)

// idle is sockets that do nothing. The first fifth is not counted: what the process needs once is there then.
func (g *generator) idle() (*figures.Figures, error) {
	all := g.rooms * g.members
	first := all / 5
	start := time.Now()
	if err := g.connect(first, g.members, g.joined); err != nil {
		return nil, err
	}
	f := &figures.Figures{Connect: time.Since(start).Seconds()}
	if err := g.during(g.rest); err != nil {
		return nil, err
	}
	n := int64(all - first)
	before, began := g.rss(), g.reading()
	if err := g.connect(all-first, g.members, g.joined); err != nil {
		return nil, err
	}
	f.Connect += time.Since(began.at).Seconds()
	if err := g.during(g.rest / 5); err != nil { // the joins' own news
		return nil, err
	}
	g.cost(f, began, n)
	if err := g.during(g.rest); err != nil {
		return nil, err
	}
	f.RSSEach = kB(g.rss()-before) / float64(n)
	return f, nil
}

// crowd is sockets that are there already, and join, and leave.
func (g *generator) crowd() (*figures.Figures, error) {
	if err := g.connect(g.rooms*g.members, g.members, false); err != nil {
		return nil, err
	}
	joined, left := 0, 0
	g.hear = func(_ *conn, k kind, _ []byte) {
		switch k {
		case kindJoined:
			joined++
		case kindLeft:
			left++
		}
	}
	began := g.reading()
	for _, step := range []struct {
		what, more string
		done       *int
	}{{"join", `,"limit":0`, &joined}, {"leave", "", &left}} {
		for i, c := range g.conns {
			g.request(c, step.what, c.room, step.more)
			few := func() bool { return i-*step.done < connecting }
			if err := g.until(waitLong, "all "+step.what, few); err != nil {
				return nil, err
			}
		}
		all := func() bool { return *step.done == len(g.conns) }
		if err := g.until(waitLong, "all "+step.what, all); err != nil {
			return nil, err
		}
		if err := g.during(g.rest); err != nil { // presence comes later
			return nil, err
		}
	}
	f := &figures.Figures{}
	g.cost(f, began, int64(len(g.conns)))
	return f, nil
}
