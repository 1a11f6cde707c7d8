package main

import (
	"time"

	"verbatim/scripts/bench/figures"
)

// acks is one socket that has window messages on their way until acked, spread over the rooms in turn; it joins none.
// Before anything is measured each room has had one.
func (g *generator) acks() (*figures.Figures, error) {
	if err := g.connect(1, 1, false); err != nil {
		return nil, err
	}
	author, acked, most := g.conns[0], int64(0), int64(g.count)
	send := func() {
		if most == 0 || author.sent < most {
			g.publish(author, int(author.sent)%g.rooms, g.now)
		}
	}
	g.hear = func(_ *conn, k kind, _ []byte) {
		if k == kindAck {
			acked++
			send()
		}
	}
	for range g.window {
		send()
	}
	if g.count == 0 {
		each := func() bool { return acked >= int64(g.rooms) }
		if err := g.until(waitLong, "a message in each conversation", each); err != nil {
			return nil, err
		}
		if err := g.during(g.warm); err != nil {
			return nil, err
		}
	}
	began, before := g.reading(), acked
	var err error
	if g.count > 0 {
		limit := waitLong + time.Duration(g.count)*time.Second/50_000
		err = g.until(limit, "the acks", func() bool { return acked == most })
	} else {
		err = g.during(g.duration)
	}
	f := &figures.Figures{Messages: acked - before}
	g.cost(f, began, f.Messages)
	f.MessagesPerSecond = float64(f.Messages) / f.Seconds
	return f, err
}

// catchUp is one socket that joins after 0 of the count entries that are there.
func (g *generator) catchUp() (*figures.Figures, error) {
	if err := g.connect(1, 1, false); err != nil {
		return nil, err
	}
	got := int64(0)
	g.hear = func(_ *conn, k kind, _ []byte) {
		if k == kindMessage {
			got++
		}
	}
	if err := g.during(g.rest); err != nil {
		return nil, err
	}
	before, most, next := g.rss(), int64(0), int64(0)
	began := g.reading()
	// Its `joined` is a socket's way in, and this one is in: the work hears it, and passes over it.
	g.request(g.conns[0], "join", 0, `,"after":0`)
	err := g.until(2*waitLong, "the entries", func() bool {
		if g.now >= next {
			most, next = max(most, g.rss()), g.now+int64(10*time.Millisecond)
		}
		return got == int64(g.count)
	})
	f := &figures.Figures{Deliveries: got, Lost: int64(g.count) - got}
	g.cost(f, began, got)
	f.DeliveriesPerSecond = float64(got) / f.Seconds
	f.Growth = kB(most - before)
	return f, err
}
