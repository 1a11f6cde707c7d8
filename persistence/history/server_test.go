package history_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
	"verbatim/testparts/ports"
)

// server is a redis-server of a test's own, on a loopback port, without a file on the disk that matters.
type server struct {
	t    testing.TB
	port int
	args []string
	cmd  *exec.Cmd
	*redis.Client
}

// newServer starts a redis-server. The test ends it, whatever state it is in.
func newServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, port: freePort(t), args: args}
	s.Client = redis.NewClient(&redis.Options{Addr: s.addr(), MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { s.Client.Close() })
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }
func (s *server) url() string  { return "redis://" + s.addr() + "/0" }

func (s *server) start() {
	s.t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		s.t.Fatal("redis-server is missing: run scripts/setup.sh")
	}
	args := slices.Concat(s.args, []string{"--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--dir", s.t.TempDir()})
	if !slices.Contains(args, "--sentinel") {
		args = append(args, "--save", "", "--appendonly", "no")
	}
	s.cmd = exec.Command("redis-server", args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("redis-server: start: %v", err)
	}
	until(s.t, "redis-server answers", func() bool {
		err := s.Ping(context.Background()).Err()
		return err == nil || redis.HasErrorPrefix(err, "NOAUTH")
	})
}

func (s *server) kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *server) stop() { s.cmd.Process.Signal(syscall.SIGSTOP) }
func (s *server) cont() { s.cmd.Process.Signal(syscall.SIGCONT) }

// freePort returns a port that no other test gets.
func freePort(t testing.TB) int {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// patience bounds every wait for something that must come; a test that passes does not spend it.
const patience = time.Minute

func until(t testing.TB, what string, met func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !met(); time.Sleep(5 * time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatalf("waited %v and it is not so that %s", patience, what)
		}
	}
}

// diary collects what is logged.
type diary struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.Write(p)
}

func (d *diary) count(what string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Count(d.buf.String(), what)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.String()
}

// cache is a history under test and its words.
type cache struct {
	t *testing.T
	*history.Redis
	log *diary
}

const dataID = "data-one"

func openRedis(t *testing.T, url string, o history.Options) *cache {
	t.Helper()
	c := &cache{t: t, log: &diary{}}
	o.Log = zerolog.New(c.log)
	r, err := history.OpenRedis(t.Context(), url, dataID, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	c.Redis = r
	t.Cleanup(func() { c.shut() })
	return c
}

func (c *cache) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	c.Close(ctx)
}

func (c *cache) append(from, to protocol.Seq) {
	c.t.Helper()
	c.Append(lobby, log1, historytest.Entries(lobby, from, to))
}

// read reads entries, checks them against the truth, and returns the last seq. It returns an error only if Redis was
// asked: a read that the open breaker refuses returns nothing.
func (c *cache) read(from, to protocol.Seq) (last protocol.Seq, err error) {
	c.t.Helper()
	got, err := c.Range(context.Background(), lobby, log1, from, to, page)
	if got == nil {
		return 0, err
	}
	if wrong := historytest.Check(got, lobby, from, to); wrong != nil {
		c.t.Fatal(wrong)
	}
	return got.Last(), err
}

func (c *cache) wantAll(from, to protocol.Seq) {
	c.t.Helper()
	until(c.t, fmt.Sprintf("%d to %d can be read", from, to), func() bool {
		last, _ := c.read(from, to)
		return last == to
	})
}

// put appends entries until Redis has taken them, and waits until they can be read. An append may be dropped while
// nothing is wrong: Redis, or this program, had no processor for as long as an append may take.
func (c *cache) put(from, to protocol.Seq) {
	c.t.Helper()
	until(c.t, fmt.Sprintf("%d to %d were taken", from, to), func() bool {
		before := c.Stats()
		c.append(from, to)
		ended := before.Appended + before.Dropped + int64(to-from+1)
		until(c.t, "the append has ended", func() bool { now := c.Stats(); return now.Appended+now.Dropped >= ended })
		return c.Stats().Dropped == before.Dropped
	})
	c.wantAll(from, to)
}

// refilled waits until entries that are appended again and again, as the record's readers do, can be read.
func (c *cache) refilled(from, to protocol.Seq) {
	c.t.Helper()
	until(c.t, fmt.Sprintf("%d to %d were filled in again", from, to), func() bool {
		c.append(from, to)
		last, _ := c.read(from, to)
		return last == to
	})
}

func keyOf() string { return "verbatim:{" + string(lobby) + "}:" + string(log1) }

func script(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
