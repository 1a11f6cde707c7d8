package main

import (
	"math/rand/v2"
	"time"
)

var kill9 = drill{
	name: "kill9", about: "kill -9 under load, again and again, and SIGTERM now and then: nothing acked or seen is lost, doubled or moved",
	run: func(r *run) error {
		s, err := r.serve()
		if err != nil {
			return err
		}
		t, err := r.begin(s, storm)
		if err != nil {
			return err
		}
		cycles, slowest := r.long(r.cycles, 5), time.Duration(0)
		for i := range cycles {
			r.say("kill -9 %d of %d; %d acks", i+1, cycles, t.acked.Load())
			if err := t.moreAcks(150); err != nil {
				return err
			}
			r.pause(time.Duration(rand.IntN(30)) * time.Millisecond) // anywhere in a batch
			var began time.Time
			t.disturb("kill -9", func() {
				s.kill()
				began = time.Now()
				err = s.start()
			})
			if err != nil {
				return err
			}
			slowest = max(slowest, time.Since(began))
			if err := t.audit(); err != nil {
				return err
			}
		}
		drains := r.long(5, 1)
		for range drains {
			if err := t.moreAcks(150); err != nil {
				return err
			}
			t.disturb("SIGTERM", func() {
				if err = s.terminate(); err == nil {
					err = s.start()
				}
			})
			if err != nil {
				return err
			}
			if err := t.audit(); err != nil {
				return err
			}
		}
		r.count("%d kills, %d drains, a read back of all after each; the slowest restart %.2f s", cycles, drains, slowest.Seconds())
		return t.finish()
	},
}
