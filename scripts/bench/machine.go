package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// describe says on what machine, and with which versions, a line each.
func describe(ctx context.Context) []string {
	var u unix.Utsname
	_ = unix.Uname(&u) // fails for a wrong argument alone
	var m unix.Sysinfo_t
	_ = unix.Sysinfo(&m)
	gigabytes := float64(m.Totalram) * float64(m.Unit) / (1 << 30)
	release := bytes.TrimRight(u.Release[:], "\x00")
	version := said(ctx, "git", "describe", "--tags", "--always", "--dirty")
	library := said(ctx, "go", "list", "-m", "-f", "{{.Version}}", "github.com/coder/websocket")
	return []string{
		fmt.Sprintf("%d cores (%s), %.0f GB of memory, Linux %s",
			runtime.NumCPU(), after("/proc/cpuinfo", "model name"), gigabytes, release),
		"load average before the first run: " + load() +
			" (another's work on the machine makes figures worse and rounds unlike)",
		fmt.Sprintf("Verbatim %s, %s, coder/websocket %s%s", version, runtime.Version(), library, redisVersion(ctx)),
	}
}

// load returns the load average over 1, 5 and 15 minutes.
func load() string {
	b, _ := os.ReadFile("/proc/loadavg") // without it nothing is known
	fields := strings.Fields(string(b))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// redisVersion returns the version with a comma before it, or "" without a Redis.
func redisVersion(ctx context.Context) string {
	_, rest, ok := strings.Cut(said(ctx, "redis-server", "--version"), " v=")
	if !ok {
		return ""
	}
	version, _, _ := strings.Cut(rest, " ")
	return ", Redis " + version
}

// said returns what a command printed, or "unknown" if it fails.
func said(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// after returns the value of the first "key : value" of a file, or "unknown".
func after(file, key string) string {
	b, _ := os.ReadFile(file) // without it nothing is known
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// maxSockets returns how many sockets a process may have here, beside its other files.
func maxSockets() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 1 << 20
	}
	return int(min(r.Max, 1<<20)) / 10 * 9 / 10 * 10
}
