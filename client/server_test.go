package client

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// programs is the folder of the real server's binary, which the first test that needs it builds.
var programs string

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if programs != "" {
			_ = os.RemoveAll(programs) // a temporary folder
		}
		os.Exit(code)
	}))
}

var verbatim = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "verbatim-client-")
	if err != nil {
		return "", err
	}
	programs = dir
	path := filepath.Join(dir, "verbatim")
	if out, err := exec.Command("go", "build", "-o", path, "verbatim").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build verbatim: %w\n%s", err, out)
	}
	return path, nil
})

// patience bounds a wait for a real server. Only a failing test waits that long.
const patience = 60 * time.Second

// real is a real server with its own port and data directory, which it keeps when its process is replaced.
type real struct {
	t             *testing.T
	address, data string
	cmd           *exec.Cmd
}

func newReal(t *testing.T) *real {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &real{t: t, address: free.Addr().String(), data: filepath.Join(t.TempDir(), "data")}
	free.Close()
	t.Cleanup(func() { s.kill() })
	s.start()
	return s
}

// start starts the server and waits until it accepts connections.
func (s *real) start() {
	s.t.Helper()
	path, err := verbatim()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(path,
		"serve", "--listen", s.address, "--data-dir", s.data, "--send-rate", "0", "--log-level", "error")
	s.cmd.Stderr = os.Stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		s.t.Fatalf("the server does not listen: %q %v", line, err)
	}
}

// kill ends the server with SIGKILL.
func (s *real) kill() { s.end(syscall.SIGKILL) }

// end sends the server a signal and waits for its end.
func (s *real) end(signal syscall.Signal) {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(signal)
		_ = s.cmd.Wait() // it was killed
		s.cmd = nil
	}
}

// says sends n messages to the lobby from a client of its own, and waits until they are on the record.
func (s *real) says(prefix string, n int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := Dial(ctx, Options{URL: s.address, Name: "author"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	for i := range n {
		if _, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: fmt.Sprint(prefix, " ", i)}); err != nil {
			s.t.Fatal(err)
		}
	}
}
