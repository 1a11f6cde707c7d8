package main

import (
	"fmt"
	"regexp"
	"time"
)

// options are the flags.
type options struct {
	quick    bool
	rounds   int
	rows     *regexp.Regexp
	duration time.Duration
	out      string // the folder of the report
}

// size is how big the works are: in full, or in the quick form.
type size struct {
	quick    bool
	sockets  int
	duration time.Duration
	course   string // the generator's flags for the time, of the main rows
	shorter  string // the same, of rows that need less time
}

func sizeOf(o *options) *size {
	s := &size{quick: o.quick, sockets: 10_000, duration: o.duration}
	warm, rest := min(o.duration/5, 500*time.Millisecond), 2*time.Second
	if o.quick {
		s.sockets = 2_000
		warm, rest = o.duration/15, 300*time.Millisecond
	}
	s.sockets = min(s.sockets, maxSockets())
	s.course = fmt.Sprintf("-duration %v -warm %v -rest %v", o.duration, warm, rest)
	s.shorter = fmt.Sprintf("-duration %v -warm %v -rest %v", min(o.duration, 3*time.Second), warm, rest/2)
	return s
}
