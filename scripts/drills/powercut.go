package main

import (
	"math/rand/v2"
	"time"
)

var powerCut = drill{
	name: "powercut", root: true,
	about: "the power is cut under load (an ext4 that forgets what was not synced), again and again",
	run: func(r *run) error {
		d, err := r.newDisk(3000) // a kB for each message, and a quick machine records 580,000 of them
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
		busy.every = 5 * time.Millisecond // so that there is always something on its way to the disk
		t, err := r.begin(s, busy)
		if err != nil {
			return err
		}
		cuts := r.long(r.cycles/2, 3)
		for i := range cuts {
			r.say("cut %d of %d; %d acks", i+1, cuts, t.acked.Load())
			if err := t.moreAcks(150); err != nil {
				return err
			}
			r.pause(time.Duration(rand.IntN(40)) * time.Millisecond)
			if err := t.powerCut(d); err != nil {
				return err
			}
			if err := t.audit(); err != nil {
				return err
			}
		}
		r.count("%d power cuts, a read back of all after each", cuts)
		return t.finish()
	},
}

// powerCut cuts, and brings disk and server back. What any client hears from the moment before the cut on does not
// count.
func (t *traffic) powerCut(d *disk) (err error) {
	t.darken("a power cut", func() {
		if err = d.cut(); err != nil {
			return
		}
		// The server goes on for a moment, on a disk that is gone.
		t.r.pause(time.Duration(rand.IntN(20)) * time.Millisecond)
		t.s.kill()
		if err = d.unmount(); err != nil {
			return
		}
		if err = d.mount(); err == nil {
			err = t.s.start()
		}
	})
	return err
}
