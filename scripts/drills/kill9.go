package main

import (
	"math/rand/v2"
	"time"
)

var kill9 = drill{
	name: "kill9",
	about: "kill -9 under load, again and again, and SIGTERM now and then: " +
		"nothing acked or seen is lost, doubled or moved",
	run: func(r *run) error {
		cycles, drains := r.long(r.cycles, 6), r.long(6, 2)
		slowest, err := r.kills(cycles/2, drains/2)
		if err != nil {
			return err
		}
		d, err := r.redis()
		if err != nil {
			return err
		}
		withRedis, err := r.kills(cycles-cycles/2, drains-drains/2, "--redis", "redis://"+d.proxy.Listen)
		if err != nil {
			return err
		}
		r.count("%d kills and %d drains, half of them beside Redis, a read back of all after each; "+
			"the slowest restart %.2f s", cycles, drains, max(slowest, withRedis).Seconds())
		return nil
	},
}

// kills kills and drains a server so many times under load. It returns how long the slowest start took.
func (r *run) kills(kills, drains int, flags ...string) (slowest time.Duration, err error) {
	s, err := r.serve(flags...)
	if err != nil {
		return 0, err
	}
	t, err := r.begin(s, storm)
	if err != nil {
		return 0, err
	}
	for i := range kills + drains {
		r.say("%v: fault %d of %d; %d acks", flags, i+1, kills+drains, t.acked.Load())
		if err := t.moreAcks(150); err != nil {
			return 0, err
		}
		r.pause(time.Duration(rand.IntN(30)) * time.Millisecond) // anywhere in a batch
		t.disturb("the server was ended", func() {
			if i < kills {
				s.kill()
			} else {
				err = s.terminate()
			}
			began := time.Now()
			if err == nil {
				err = s.start()
			}
			slowest = max(slowest, time.Since(began))
		})
		if err != nil {
			return 0, err
		}
		if err := t.audit(); err != nil {
			return 0, err
		}
	}
	return slowest, t.finish()
}
