package main

import (
	"time"
)

var diskFull = drill{
	name: "diskfull", root: true,
	about: "the disk fills up under load and is freed again: unavailable or true acks, service by itself within 1 s",
	run: func(r *run) error {
		d, err := r.newDisk(500)
		if err != nil {
			return err
		}
		s, err := d.serve()
		if err == nil {
			err = s.start()
		}
		if err != nil {
			return err
		}
		busy := storm
		busy.every, busy.size = 5*time.Millisecond, 12000 // what was allocated ahead must be used up first
		t, err := r.begin(s, busy)
		if err != nil {
			return err
		}
		rounds := r.long(6, 1)
		lasts := time.Duration(r.long(10000, 500)) * time.Millisecond
		slowest := time.Duration(0)
		for i := range rounds {
			r.say("full, round %d of %d; %d acks", i+1, rounds, t.acked.Load())
			took, err := t.fillAndFree(d, lasts, i%2 == 1)
			if err != nil {
				return err
			}
			slowest = max(slowest, took)
		}
		r.count("full %d times for %v, half of them with a kill -9", rounds, lasts)
		r.judge(slowest < time.Second,
			"the next ack at most %.2f s after there was room (bound: 1 s)", slowest.Seconds())
		return t.finish()
	},
}

// fillAndFree fills the disk until sends are refused, leaves it so for a while, and frees it; it gives how long the
// next ack took from then on.
func (t *traffic) fillAndFree(d *disk, lasts time.Duration, kill bool) (took time.Duration, err error) {
	if err := t.moreAcks(50); err != nil {
		return 0, err
	}
	if err := d.fill(0); err != nil {
		return 0, err
	}
	before := t.checker.Counts().Unavailable
	refused := func() bool { return t.checker.Counts().Unavailable > before+50 || t.r.broken() }
	if err := t.r.until("a full disk refuses", time.Minute, refused); err != nil {
		return 0, err
	}
	if t.r.broken() {
		return 0, errBroken
	}
	if !t.r.wait(time.Minute, func() bool { return !t.s.ready() }) {
		t.r.miss("/readyz says ready while nothing can be recorded")
	}
	t.r.pause(lasts)
	if kill {
		t.disturb("kill -9 on a full disk", func() {
			t.s.kill()
			if err = d.free(); err == nil { // a start may be refused while there is no room
				err = t.s.start()
			}
		})
		if err != nil {
			return 0, err
		}
		return 0, t.audit()
	}
	if err := d.free(); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := t.moreAcks(1); err != nil {
		return 0, err
	}
	took = time.Since(began)
	return took, t.audit()
}
