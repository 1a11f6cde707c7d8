package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"
)

// spoilSyncs lets strace do something to the server's syncs, from outside, until healed: to all of them, or to those of
// some files or folders.
func (s *server) spoilSyncs(how string, of ...string) (heal func(), err error) {
	args := []string{"strace", "-f", "-p", fmt.Sprint(s.pid()),
		"-e", "trace=fsync,fdatasync,syncfs", "-e", "inject=fsync,fdatasync,syncfs:" + how}
	for _, path := range of {
		args = append(args, "-P", path)
	}
	strace, err := s.r.start(args...)
	if err != nil {
		return nil, err
	}
	attached := func() bool { return strings.Contains(strace.output.String(), "attached") }
	if !s.r.wait(time.Minute, func() bool { return attached() || !strace.running() }) || !attached() {
		return nil, fmt.Errorf("strace could not attach: %s", strace.output.lastLines())
	}
	return func() {
		strace.signal(syscall.SIGINT)
		if strace.exits(20*time.Second) < 0 {
			strace.kill()
		}
	}, nil
}

var fsyncFail = drill{
	name: "fsyncfail", about: "fsync fails with EIO or ENOSPC, or takes a second, and heals or meets a kill -9",
	run: func(r *run) error {
		s, err := r.serve()
		if err != nil {
			return err
		}
		t, err := r.begin(s, storm)
		if err != nil {
			return err
		}
		rounds := r.long(20, 2)
		done := map[string]int{}
		for i := range rounds {
			for _, how := range []string{"error=EIO", "error=ENOSPC", "delay_enter=1s"} {
				r.say("%s, round %d of %d; %d acks", how, i+1, rounds, t.acked.Load())
				if err := t.badSyncs(how, (i+len(how))%2 == 0); err != nil {
					return fmt.Errorf("%s: %w", how, err)
				}
				done[how]++
			}
		}
		r.count("EIO %d times, ENOSPC %d, a second's delay %d; half of them healed, half met kill -9",
			done["error=EIO"], done["error=ENOSPC"], done["delay_enter=1s"])
		return t.finish()
	},
}

// badSyncs lets syncs go wrong once. It ends by healing, or with kill -9.
func (t *traffic) badSyncs(how string, heals bool) error {
	if err := t.moreAcks(150); err != nil {
		return err
	}
	heal, err := t.s.spoilSyncs(how)
	if err != nil {
		return err
	}
	before := t.checker.Counts().Unavailable
	refused := func() bool { return t.checker.Counts().Unavailable > before }
	if strings.HasPrefix(how, "error") {
		err = t.r.until("a send was refused", time.Minute, refused)
	} else {
		err = t.moreAcks(20) // late ones, and true
	}
	if err != nil {
		return err
	}
	t.r.pause(time.Duration(rand.IntN(100)) * time.Millisecond)
	if heals {
		heal()
		began := time.Now()
		if err := t.moreAcks(1); err != nil {
			return err
		}
		if took := time.Since(began); took > 5*time.Second && !t.r.short {
			t.r.miss("%s: after it had healed it took %v until the next ack", how, took)
		}
		return t.audit()
	}
	t.disturb("kill -9", func() {
		t.s.kill()
		heal()
		err = t.s.start()
	})
	if err != nil {
		return err
	}
	return t.audit()
}
