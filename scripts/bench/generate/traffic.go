package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"verbatim/scripts/bench/figures"
)

// traffic is the fan-out: publishers who are members themselves, and members who read.
type traffic struct {
	*generator
	authors    []*conn
	next       int   // whose turn it is in the open loop
	at         int64 // when the next is due in the open loop
	publishing bool
	measuring  bool
	latency    *hdrhistogram.Histogram // microseconds
	delivered  int64
	sent       int64
}

func (g *generator) traffic() (*figures.Figures, error) {
	t := &traffic{generator: g, publishing: true, latency: hdrhistogram.New(1, int64(10*time.Minute/time.Microsecond), 3)}
	if err := g.connect(g.rooms*g.members, g.members, true); err != nil {
		return nil, err
	}
	if err := g.during(g.rest / 4); err != nil { // the joins' own news
		return nil, err
	}
	g.hear = t.hear
	for _, c := range g.conns {
		if c.number%g.members < g.publishers {
			t.authors = append(t.authors, c)
		}
	}
	t.begin()
	if err := g.during(g.warm); err != nil {
		return nil, err
	}
	t.measuring = true
	began, delivered, sent := g.reading(), t.delivered, t.sent
	if err := g.during(g.duration); err != nil {
		return nil, err
	}
	f := &figures.Figures{Deliveries: t.delivered - delivered, Messages: t.sent - sent}
	g.cost(f, began, f.Deliveries)
	t.measuring, t.publishing = false, false
	f.DeliveriesPerSecond = float64(f.Deliveries) / f.Seconds
	f.MessagesPerSecond = f.DeliveriesPerSecond / float64(g.members) // those that came, not those that were sent
	f.P50 = float64(t.latency.ValueAtQuantile(50)) / 1000
	f.P99 = float64(t.latency.ValueAtQuantile(99)) / 1000
	err := t.settle()
	f.Lost = t.sent*int64(g.members) - t.delivered
	return f, err
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
		for _, c := range t.authors {
			t.publishNow(c, t.now)
		}
	}
}

func (t *traffic) publishNow(c *conn, due int64) {
	t.sent++
	t.publish(c, c.room, due)
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
	due, author, ok := stamp(object)
	if !ok {
		return
	}
	t.delivered++
	if t.measuring {
		_ = t.latency.RecordValue((t.now - due) / 1000) // longer than the histogram reaches is longer than a run
	}
	if author == c.number && t.rate == 0 && t.publishing {
		t.publishNow(c, t.now)
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
