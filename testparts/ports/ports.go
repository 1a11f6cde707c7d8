// Package ports finds loopback ports for the servers that tests start, and keeps them from other tests.
//
// A port that was free a moment ago may be another test's by the time that a server listens on it. Tests of many
// packages run at the same time, so each port is reserved by a locked file that all of them see, until the process that
// asked for it has ended.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// The ports are below those that Linux gives to outgoing connections (32768 and up), so that no connection takes one
// while a server that had it is being restarted.
const (
	lowest  = 10_000
	highest = 31_999
)

var reserved struct {
	sync.Mutex
	locks []*os.File // kept open: the lock ends with the file
}

// Free returns a TCP port on which nothing listens and which no other caller has been given, in this process or in
// another one of this machine, for as long as this process runs. It may be called concurrently.
func Free() (int, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("verbatim-test-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("ports: make the folder of reservations: %w", err)
	}
	for range 1000 {
		port := lowest + rand.IntN(highest-lowest+1)
		lock, err := reserve(filepath.Join(dir, strconv.Itoa(port)))
		if err != nil {
			return 0, fmt.Errorf("ports: %w", err)
		}
		if lock == nil {
			continue
		}
		if !free(port) {
			lock.Close()
			continue
		}

		reserved.Lock()
		reserved.locks = append(reserved.locks, lock)
		reserved.Unlock()
		return port, nil
	}
	return 0, fmt.Errorf("ports: 1,000 tries found no free port between %d and %d", lowest, highest)
}

// reserve locks a file, and returns nil if another caller has it.
func reserve(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// free reports whether nothing listens on a port, at any address.
func free(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("0.0.0.0:%d", port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
