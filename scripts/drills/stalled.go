package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

var stalled = drill{
	name: "stalled",
	about: "200 of 1,000 readers of one busy conversation stall, and wake: " +
		"the others' p99, the server's and the kernel's memory",
	run: func(r *run) error {
		readers, stall := r.long(1000, 100), r.long(200, 20)
		s, err := r.serve("--log-level", "debug") // it says why a session ended
		if err != nil {
			return err
		}
		t, err := r.newTraffic(s, shape{
			conversations: 1, authors: 5, readers: readers - stall,
			window: 1, every: 250 * time.Millisecond, size: 1500,
		})
		if err != nil {
			return err
		}
		// Small buffers, so that what is not read is the server's to hold and not the readers'.
		t.http = dialer(smallBuffer(64 << 10))
		t.entry = func(raw []byte) { t.delivered(raw) }
		var still atomic.Bool
		sleepers := t.join(shape{conversations: 1}, t.http)
		for i := range stall {
			t.readers.Go(func() { // the traffic's; ends with it
				sleepers.sleeper(fmt.Sprintf("sleeper-%d", i), &still)
			})
		}
		t.run()
		joined := func() bool { return t.checker.Counts().Joins >= readers }
		if err := r.until("all have joined", time.Minute, joined); err != nil {
			return err
		}
		return t.stalling(stall, &still)
	},
}

// sleeper is a reader that reads nothing while still says so.
func (t *traffic) sleeper(name string, still *atomic.Bool) {
	at := cursors{}
	for s := t.connected(name); s != nil; s = t.connected(name) {
		// An error is the connection's end: the next one resumes, and the checker is told.
		_ = t.follow(t.ctx, s, t.conversations, at, func() bool {
			for still.Load() && t.ctx.Err() == nil {
				pauseIn(t.ctx, 20*time.Millisecond)
			}
			return false
		})
		s.end("")
	}
}

// stalling measures before and while some readers stall, and wakes them.
func (t *traffic) stalling(stall int, still *atomic.Bool) error {
	r := t.r
	phase := time.Duration(r.long(15, 3)) * time.Second
	warm := func(what string, d time.Duration) {
		for began := time.Now(); time.Since(began) < d && r.ctx.Err() == nil; r.pause(500 * time.Millisecond) {
			r.say("%s: %v of %v", what, time.Since(began).Round(time.Second), d)
		}
	}
	warm("warming up", phase/2)
	t.measured()
	warm("everybody reads", phase)
	before := t.measured()
	memory, kernel, err := t.s.memory()
	if err != nil {
		return err
	}
	still.Store(true)
	warm("some stall", phase/2) // until what they may have on the way is full
	t.measured()
	warm("some stall", phase)
	during := t.measured()
	memory2, kernel2, err := t.s.memory()
	if err != nil {
		return err
	}
	still.Store(false)
	perReader := func(before, after int64) float64 { return float64(after-before) / float64(stall) / 1024 }
	own, theirs := perReader(memory, memory2), perReader(kernel, kernel2)
	r.count("%d of %d stalled for %v", stall, stall+t.shape.readers, phase+phase/2)
	r.judge(2*during.ValueAtPercentile(99) <= 3*before.ValueAtPercentile(99),
		"publish to deliver of the others: p99 %s before, %s during (bound: 1.5 times)",
		milli(before, 99), milli(during, 99))
	r.judge(own < 64, "the server grew by %.0f kB for each (bound: 64)", own)
	r.judge(theirs < 512, "the kernel by %.0f kB (bound: 512)", theirs)
	return t.finish()
}

// delivered takes the time that an entry took, from its author's own clock, which is this process's.
func (t *traffic) delivered(raw []byte) {
	_, rest, ok := bytes.Cut(raw, []byte(stamp))
	end := bytes.IndexByte(rest, ' ')
	if !ok || end < 0 {
		return
	}
	if sent, err := strconv.ParseInt(string(rest[:end]), 10, 64); err == nil {
		t.took(time.Since(processStart) - time.Duration(sent))
	}
}

// memory is what the server's process holds, and what the kernel holds for its sockets, in bytes.
func (s *server) memory() (own, kernel int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	if _, err := fmt.Sscan(rest, &own); err != nil {
		return 0, 0, fmt.Errorf("the server's VmRSS: %w", err)
	}
	_, port, _ := strings.Cut(s.addr, ":")
	out, err := exec.Command("ss", "-tmnH", "sport", "=", ":"+port).Output()
	if err != nil {
		return 0, 0, fmt.Errorf("ss: %w", err)
	}
	kernel, sockets := skmem(string(out))
	if sockets == 0 {
		return 0, 0, fmt.Errorf("ss tells of no socket of port %s", port)
	}
	return own << 10, kernel, nil
}

// skmem adds up what ss -m says of sockets: bytes received and not read, queued to be sent, and reserved.
func skmem(out string) (sum int64, sockets int) {
	for _, part := range strings.Split(out, "skmem:(")[1:] {
		fields, _, _ := strings.Cut(part, ")")
		sockets++
		for field := range strings.SplitSeq(fields, ",") {
			name := strings.TrimRight(field, "0123456789")
			if name == "r" || name == "f" || name == "w" {
				n, err := strconv.ParseInt(field[len(name):], 10, 64)
				if err == nil {
					sum += n
				}
			}
		}
	}
	return sum, sockets
}
