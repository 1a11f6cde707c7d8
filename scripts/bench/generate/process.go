package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the unit of /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// cpuOf is the user and system time of a process, all its threads together; see proc_pid_stat(5).
func cpuOf(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // the program's name may hold spaces and brackets
	if len(fields) < 13 {
		return 0, errors.New("the process's stat is cut short")
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * clockTick, errors.Join(err1, err2)
}

// rss is the bytes of memory that the server's process holds.
func (g *generator) rss() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", g.pid))
	fields := bytes.Fields(b)
	if err != nil || len(fields) < 2 {
		g.fail(fmt.Errorf("the server's memory: %w", errors.Join(err, errors.New("it is gone"))))
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		g.fail(fmt.Errorf("the server's memory: %w", err))
	}
	return pages * int64(os.Getpagesize())
}

func kB(bytes int64) float64 { return float64(bytes) / 1024 }

// reading is the state of both processes at one moment.
type reading struct {
	at          time.Time
	server, own time.Duration
}

func (g *generator) reading() reading {
	server, err := cpuOf(g.pid)
	if err != nil {
		g.fail(fmt.Errorf("the server's CPU: %w", err))
	}
	var own unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &own) // fails for a wrong argument alone
	return reading{at: time.Now(), server: server, own: time.Duration(own.Utime.Nano() + own.Stime.Nano())}
}
