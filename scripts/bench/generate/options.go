package main

import "time"

// options are the flags; main says what each means.
type options struct {
	addr       string
	prefix     string
	pid        int
	rooms      int
	members    int
	publishers int
	sockets    int
	window     int
	size       int // bytes
	rate       float64
	joined     bool
	count      int
	warm       time.Duration
	duration   time.Duration
	rest       time.Duration
}
