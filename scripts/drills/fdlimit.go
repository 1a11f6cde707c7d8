package main

import (
	"fmt"
	"time"
)

var fdLimit = drill{
	name: "fdlimit",
	about: "open files are exhausted by connections, under load: clients that are in go on, " +
		"and when the others leave, it serves as before",
	run: func(r *run) error {
		const limit = 80
		s, err := r.newServer()
		if err != nil {
			return err
		}
		s.under = []string{"prlimit", fmt.Sprintf("--nofile=%d:%d", limit, limit)}
		if err := s.start(); err != nil {
			return err
		}
		t, err := r.begin(s, storm)
		if err != nil {
			return err
		}
		rounds := r.long(10, 1)
		most := 0
		for i := range rounds {
			r.say("round %d of %d; %d acks", i+1, rounds, t.acked.Load())
			if err := t.moreAcks(100); err != nil {
				return err
			}
			n, err := t.exhaust(2 * limit)
			if err != nil {
				return err
			}
			most = max(most, n)
			if err := t.moreAcks(100); err != nil {
				return err
			}
			if err := t.audit(); err != nil {
				return err
			}
		}
		r.count("%d open files, of which %d times all were taken by up to %d sockets more", limit, rounds, most)
		return t.finish()
	},
}

// exhaust opens connections until none more is answered, holds them for a while under load, and closes them. It gives
// how many were let in.
func (t *traffic) exhaust(tries int) (in int, err error) {
	crowd := t.join(shape{}, httpClient)
	defer crowd.stop()
	let := make(chan *session, tries)
	for i := range tries {
		crowd.readers.Go(func() { // the crowd's; ends when it is let in, or with the crowd
			s, _ := crowd.dial(crowd.ctx, fmt.Sprintf("extra-%d", i)) // most are not let in, as it should be
			let <- s
		})
	}
	t.r.pause(2 * time.Second)
	if err := t.moreAcks(100); err != nil {
		return 0, fmt.Errorf("while no file could be opened: %w", err)
	}
	crowd.cancel()
	crowd.readers.Wait()
	for range tries {
		if s := <-let; s != nil {
			in++
			s.end("it has only taken a place")
		}
	}
	if in == tries {
		t.r.miss("%d sockets more were let in, so that the files were not exhausted", in)
	}
	return in, nil
}
