package main

import (
	"fmt"
	"time"

	"verbatim/scripts/bench/figures"
)

// joins is one socket that has joined all rooms, and writes into one of them what it then sees itself, window 1.
func (g *generator) joins() (*figures.Figures, error) {
	if err := g.connect(1, 1, false); err != nil {
		return nil, err
	}
	c, joined, seen, writing := g.conns[0], 0, int64(0), false
	g.hear = func(_ *conn, k kind, _ []byte) {
		switch {
		case k == kindJoined:
			joined++
		case k == kindMessage:
			seen++
			if writing {
				g.publish(c, 0, g.now)
			}
		}
	}
	for room := range g.rooms {
		g.request(c, "join", room, `,"limit":0`)
	}
	if err := g.until(waitLong, "the joins", func() bool { return joined == g.rooms }); err != nil {
		return nil, err
	}
	if err := g.during(g.rest); err != nil {
		return nil, err
	}
	writing = true
	g.publish(c, 0, g.now)
	if err := g.during(g.warm); err != nil {
		return nil, err
	}
	began, before := g.reading(), seen
	if err := g.during(g.duration); err != nil {
		return nil, err
	}
	f := &figures.Figures{Messages: seen - before}
	g.cost(f, began, f.Messages)
	f.MessagesPerSecond = float64(f.Messages) / f.Seconds
	return f, nil
}

// reads is the members of one room who say in turn how far they have read, at a rate over all. Each mark is one further
// than the member's last.
func (g *generator) reads() (*figures.Figures, error) {
	if g.rate <= 0 {
		return nil, fmt.Errorf("-rate %v: give more than 0", g.rate)
	}
	if err := g.connect(g.members, g.members, true); err != nil {
		return nil, err
	}
	entries := 2 + int((g.warm+g.duration).Seconds()*g.rate)/g.members
	acked := 0
	g.hear = func(_ *conn, k kind, _ []byte) {
		if k == kindAck {
			acked++
		}
	}
	for range entries {
		g.publish(g.conns[0], 0, g.now)
	}
	if err := g.until(waitLong, "something to read", func() bool { return acked == entries }); err != nil {
		return nil, err
	}
	if err := g.during(g.rest); err != nil {
		return nil, err
	}
	marks, at := int64(0), g.now
	g.due = func() int64 {
		for g.tick(); at <= g.now; at += int64(float64(time.Second) / g.rate) {
			c := g.conns[int(marks)%len(g.conns)]
			g.request(c, "read", 0, fmt.Sprintf(`,"seq":%d`, 1+int(marks)/len(g.conns)))
			marks++
		}
		return at
	}
	if err := g.during(g.warm); err != nil {
		return nil, err
	}
	began, before := g.reading(), marks
	if err := g.during(g.duration); err != nil {
		return nil, err
	}
	f := &figures.Figures{Messages: marks - before}
	g.cost(f, began, f.Messages)
	f.MessagesPerSecond = float64(f.Messages) / f.Seconds
	return f, nil
}
