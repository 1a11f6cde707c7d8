package main

import (
	"fmt"
	"time"
)

var reconnect = drill{
	name:  "reconnect",
	about: "10,000 sockets that all connect at once after a kill -9: all are served, and each resumes exactly",
	run: func(r *run) error {
		sockets := r.long(10000, 500)
		s, err := r.serve("--max-connections", "10100", "--log-level", "warn")
		if err != nil {
			return err
		}
		// Each reader follows one of 100 conversations.
		t, err := r.newTraffic(s, shape{
			conversations: 100, authors: 10, window: 4, every: 200 * time.Millisecond, size: 100,
		})
		if err != nil {
			return err
		}
		t.run()
		t.spread(sockets)
		joined := func() int { return t.checker.Counts().Joins }
		if err := r.until("all have joined", 2*time.Minute, func() bool {
			r.say("%d of %d have joined", joined(), sockets)
			r.pause(50 * time.Millisecond)
			return joined() >= sockets
		}); err != nil {
			return err
		}
		rounds := r.long(3, 1)
		slowest := time.Duration(0)
		for i := range rounds {
			if err := t.moreAcks(100); err != nil {
				return err
			}
			before := joined()
			var began time.Time
			t.disturb("kill -9", func() {
				s.kill()
				began = time.Now()
				err = s.start()
			})
			if err != nil {
				return err
			}
			if err := r.until("all have resumed", 2*time.Minute, func() bool {
				r.say("restart %d of %d: %d of %d have resumed", i+1, rounds, joined()-before, sockets)
				r.pause(50 * time.Millisecond)
				return joined() >= before+sockets || r.broken()
			}); err != nil {
				return err
			}
			slowest = max(slowest, time.Since(began))
		}
		r.count("%d sockets, %d restarts; the last of them had resumed %.1f s after kill -9 at most",
			sockets, rounds, slowest.Seconds())
		return t.finish()
	},
}

// spread adds readers that follow one conversation each, in turn.
func (t *traffic) spread(readers int) {
	for i := range readers {
		c := i % len(t.conversations)
		t.readers.Go(func() { // the traffic's; ends with it
			t.reader(fmt.Sprintf("reconnect-%d", i), t.conversations[c:c+1])
		})
	}
}
