//gate:story a real server, killed

package load

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
	dir, err := os.MkdirTemp("", "verbatim-load-")
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

// real is a real server, which keeps its data and address when its process is replaced.
type real struct {
	t             *testing.T
	address, data string
	cmd           *exec.Cmd
}

func newReal(t *testing.T) *real {
	t.Helper()
	s := &real{t: t, address: "127.0.0.1:0", data: filepath.Join(t.TempDir(), "data")}
	t.Cleanup(s.kill)
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
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.t.Fatalf("the server does not listen: %q %v", line, err)
	}
	s.address = strings.TrimSpace(strings.TrimPrefix(line, "listening on http://"))
}

// kill ends the server with SIGKILL.
func (s *real) kill() {
	_ = s.cmd.Process.Kill() // it may be gone
	_ = s.cmd.Wait()         // it was killed
}

// under runs a load on the server. It calls meanwhile after the first measured second, and ends the load two seconds
// later.
func (s *real) under(o Options, meanwhile func()) *Report {
	s.t.Helper()
	o.URL = s.address
	seconds := make(lines, 100)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan struct{})
	var report *Report
	var err error
	go func() { // the test's, which waits for it; ends with the load
		defer close(ended)
		report, err = Run(ctx, o, seconds)
	}()
	for told, running := 0, true; running; {
		select {
		case line := <-seconds:
			if !strings.Contains(line, "messages/s") {
				continue
			}
			if told++; told == 1 {
				meanwhile()
			}
			if told == 3 {
				cancel()
			}
		case <-ended:
			running = false
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

// lines receives what is written, and drops it if nobody reads.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

func TestALoadGoesOnOverAKilledServer(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	o := small("")
	o.Conversations = 3
	report := s.under(o, func() { s.kill(); s.start() })
	if err := report.Err(); err != nil {
		t.Error(err, report.Violations)
	}
	if report.Reconnects < 15 || report.Sent == 0 || report.Acked != report.Sent || report.Checked != 5*report.Sent {
		t.Errorf("%d reconnects, %d sent, %d acknowledged, %d checked",
			report.Reconnects, report.Sent, report.Acked, report.Checked)
	}
}

func TestAServerThatComesBackWithoutItsRecordIsFound(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	o := small("")
	o.Deadline = 10 * time.Second
	report := s.under(o, func() {
		s.kill()
		if err := os.RemoveAll(s.data); err != nil {
			t.Error(err)
		}
		s.start()
	})
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), lostKind) {
		t.Errorf("a wiped record: %v", err)
	}
}
