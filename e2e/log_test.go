package e2e

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// logsInto makes the server's stderr a named pipe, and returns its end for the one who reads it.
func (s *server) logsInto(t *testing.T, open int) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, open|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pipe.Close() })
	s.under = []string{"sh", "-c", `exec "$@" 2>` + path, "sh"}
	return pipe
}

func TestRedisMayDieThoughTheLogsReaderIsGone(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	s := newServer(t, "--redis", redis.url())
	log := s.logsInto(t, os.O_RDONLY)
	s.start()
	for said := bufio.NewScanner(log); said.Scan() && !strings.Contains(said.Text(), "serving"); {
	}
	log.Close()
	ann := s.dial(t, "ann")
	redis.kill()
	eventually(t, "the warning is dropped", func() bool {
		ann.send("lobby", "", "hi")
		return !strings.Contains(s.get(t, "/metrics").body, "\nverbatim_log_dropped_total 0\n")
	})
	if code := s.terminate(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if code, reason := ann.closed(); code != 1001 {
		t.Errorf("the session was closed with %d %q, want 1001", code, reason)
	}
}

func TestWhileTheLogHangsReadsAndTheDrainDoNot(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	s := newServer(t, "--redis", redis.url(), "--log-level", "debug", "--drain-timeout", "2s")
	log := s.logsInto(t, os.O_RDWR)
	size, err := unix.FcntlInt(log.Fd(), unix.F_SETPIPE_SZ, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Write(make([]byte, size)); err != nil { // it takes no more, until somebody reads
		t.Fatal(err)
	}
	s.start()
	ann := s.dial(t, "ann")
	ann.send("lobby", "", "hi")
	redis.kill()
	for range 50 { // Redis does not answer, which is worth a line each
		s.get(t, "/api/conversations/lobby/messages").is(t, 200)
	}
	if code := s.terminate(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if code, reason := ann.closed(); code != 1001 {
		t.Errorf("the session was closed with %d %q, want 1001", code, reason)
	}
}
