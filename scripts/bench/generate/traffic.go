package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"verbatim/scripts/bench/figures"
)

// traffic is the fan-out: publishers who are members themselves, and members who read.
type traffic struct {
	*generator
	authors    []author
	next       int   // whose turn it is in the open loop
	at         int64 // when the next is due in the open loop
	publishing bool
	measuring  bool
	latency    *hdrhistogram.Histogram // microseconds
	delivered  int64
	sent       int64
}

// author is a member that publishes.
type author struct {
	*conn
	in int // the conversation
}

func (g *generator) traffic() (*figures.Figures, error) {
	t := &traffic{generator: g}
	if err := g.connect(g.rooms*g.members, g.members, true); err != nil {
		return nil, err
	}
	for _, c := range g.conns {
		if c.number%g.members < g.publishers {
			t.authors = append(t.authors, author{c, c.room})
		}
	}
	return t.run()
}

// spread is traffic over conversations that share a fixed number of sockets, each of which is in several of them. The
// first member of each conversation publishes.
func (g *generator) spread() (*figures.Figures, error) {
	if g.sockets < g.members || g.rate <= 0 {
		return nil, fmt.Errorf("-sockets %d, -rate %v: give at least -members sockets, and a rate above 0",
			g.sockets, g.rate)
	}
	t := &traffic{generator: g}
	if err := g.connect(g.sockets, g.sockets, false); err != nil {
		return nil, err
	}
	joined, asked := 0, 0
	g.hear = func(_ *conn, k kind, _ []byte) {
		if k == kindJoined {
			joined++
		}
	}
	for room := range g.rooms {
		for j := range g.members {
			c := g.conns[(room*g.members+j)%g.sockets]
			if j == 0 {
				t.authors = append(t.authors, author{c, room})
			}
			g.request(c, "join", room, `,"limit":0`)
			asked++
			if err := g.until(waitLong, "the joins", func() bool { return asked-joined < 10*connecting }); err != nil {
				return nil, err
			}
		}
	}
	if err := g.until(waitLong, "the joins", func() bool { return joined == asked }); err != nil {
		return nil, err
	}
	return t.run()
}

// run lets the authors publish, and measures.
func (t *traffic) run() (*figures.Figures, error) {
	g := t.generator
	t.publishing, t.latency = true, hdrhistogram.New(1, int64(10*time.Minute/time.Microsecond), 3)
	if err := g.during(g.rest / 4); err != nil { // the joins' own news
		return nil, err
	}
	g.hear = t.hear
	t.begin()
	if err := g.during(g.warm); err != nil {
		return nil, err
	}
	t.measuring = true
	from := g.look()
	began, delivered, sent := g.reading(), t.delivered, t.sent
	if err := g.during(g.duration); err != nil {
		return nil, err
	}
	f := &figures.Figures{Deliveries: t.delivered - delivered, Messages: t.sent - sent}
	g.cost(f, began, f.Deliveries)
	to := g.look()
	t.measuring, t.publishing = false, false
	f.DeliveriesPerSecond = float64(f.Deliveries) / f.Seconds
	f.MessagesPerSecond = f.DeliveriesPerSecond / float64(g.members) // those that came, not those that were sent
	for q, at := range map[float64]*float64{50: &f.P50, 90: &f.P90, 99: &f.P99, 99.9: &f.P999} {
		*at = float64(t.latency.ValueAtQuantile(q)) / 1000
	}
	err := t.settle()
	f.Lost = t.sent*int64(g.members) - t.delivered
	return f, errors.Join(err, g.told(f, from, to, f.Deliveries))
}

// begin fills the windows, or starts the clock of the open loop.
func (t *traffic) begin() {
	if t.rate > 0 {
		t.tick()
		t.at = t.now
		t.due = t.pace
		return
	}
	for range t.window {
		for _, a := range t.authors {
			t.publishNow(a, t.now)
		}
	}
}

func (t *traffic) publishNow(a author, due int64) {
	t.sent++
	t.publish(a.conn, a.in, due)
}

// pace is the open loop: the authors take turns, whatever the server does.
func (t *traffic) pace() int64 {
	if !t.publishing {
		return int64(time.Hour)
	}
	for t.tick(); t.at <= t.now; t.at += int64(float64(time.Second) / t.rate) {
		t.publishNow(t.authors[t.next%len(t.authors)], t.at)
		t.next++
	}
	return t.at
}

func (t *traffic) hear(c *conn, k kind, object []byte) {
	if k != kindMessage {
		return
	}
	due, number, ok := stamp(object)
	if !ok {
		return
	}
	t.delivered++
	if t.measuring {
		_ = t.latency.RecordValue((t.now - due) / 1000) // longer than the histogram reaches is longer than a run
	}
	if number == c.number && t.rate == 0 && t.publishing {
		t.publishNow(author{c, c.room}, t.now)
	}
}

// settle waits for what is on its way, until nothing comes any more.
func (t *traffic) settle() error {
	for quiet := 0; t.delivered < t.sent*int64(t.members) && quiet < 10; quiet++ {
		before := t.delivered
		if err := t.during(100 * time.Millisecond); err != nil {
			return err
		}
		if t.delivered > before {
			quiet = 0
		}
	}
	return nil
}
