package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a running verbatim, its folder and its address. It can be killed and started again on both.
type server struct {
	*process
	t     testing.TB
	addr  string // host:port, the same for the server's life and its restarts
	data  string
	flags []string
	under []string // the program and its flags that the server runs under (nsenter), or nothing
}

// serve starts `verbatim serve` in a new folder on a free port. --send-rate 0 unless the flags say otherwise: only
// the tests of the rate want to wait for it.
func serve(t testing.TB, flags ...string) *server {
	t.Helper()
	s := newServer(t, flags...)
	s.start()
	return s
}

// newServer is one that is not started yet.
func newServer(t testing.TB, flags ...string) *server {
	t.Helper()
	s := &server{
		t: t, data: filepath.Join(t.TempDir(), "data"), addr: fmt.Sprintf("127.0.0.1:%d", freePort(t)), flags: flags,
	}
	t.Cleanup(func() {
		if t.Failed() && s.process != nil {
			t.Logf("the server said:\n%s", tail(s.output.String(), 4000))
		}
	})
	return s
}

// start starts it on its address and folder, and waits for its line on stdout.
func (s *server) start() {
	s.t.Helper()
	args := append([]string{}, s.under...)
	args = append(args, binary, "serve", "--listen", s.addr, "--data-dir", s.data)
	if !strings.Contains(strings.Join(s.flags, " "), "--send-rate") {
		args = append(args, "--send-rate", "0")
	}
	args = append(args, s.flags...)
	var p *process
	s.t.Cleanup(func() { // after the process's own, so that its last words are there
		if p != nil {
			reportBroken(s.t, p.output.String())
		}
	})
	p = start(s.t, true, args[0], args[1:]...)
	s.process = p
	line := make(chan string, 1)
	go func() { // ends with the process's stdout
		r := bufio.NewReader(p.stdout)
		first, _ := r.ReadString('\n')
		line <- first
		rest, _ := io.ReadAll(r)
		if len(rest) > 0 {
			fmt.Fprintf(p.output, "MORE ON STDOUT: %s", rest)
		}
	}()
	want := "listening on http://" + s.addr + "\n"
	select {
	case got := <-line:
		if got != want {
			s.t.Fatalf("stdout: got %q, want %q; stderr:\n%s", got, want, p.output)
		}
	case <-time.After(patience):
		s.t.Fatalf("the server did not listen within %v; stderr:\n%s", patience, p.output)
	}
}

// reportBroken fails the test over what no server may ever say.
func reportBroken(t testing.TB, stderr string) {
	for _, sign := range []string{"WARNING: DATA RACE", "panic:", "fatal error:", "MORE ON STDOUT"} {
		if i := strings.Index(stderr, sign); i >= 0 {
			t.Errorf("the server said %s:\n%s", sign, stderr[i:min(len(stderr), i+3000)])
		}
	}
}

// crash is kill -9 and a new start on the same folder and port.
func (s *server) crash() {
	s.t.Helper()
	s.kill()
	s.start()
}

// terminate is SIGTERM, waited for; it returns the exit code.
func (s *server) terminate() int {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	return s.exit()
}

// transcript reads a conversation's file as it is on the disk, line by line.
func (s *server) transcript(conversation string) []string {
	s.t.Helper()
	b, err := os.ReadFile(s.transcriptPath(conversation))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // it may not be written yet: no lines
		s.t.Fatalf("transcript: %v", err)
	}
	return lines(string(b))
}

func (s *server) transcriptPath(conversation string) string {
	return filepath.Join(s.data, "transcripts", conversation+".jsonl")
}

// inBothModes runs a test against a server on its own and against one beside a real Redis: nothing that a client
// sees may differ.
func inBothModes(t *testing.T, test func(t *testing.T, s *server), flags ...string) {
	t.Run("alone", func(t *testing.T) {
		t.Parallel()
		test(t, serve(t, flags...))
	})
	t.Run("with Redis", func(t *testing.T) {
		t.Parallel()
		test(t, serve(t, append([]string{"--redis", startRedis(t).url()}, flags...)...))
	})
}

// verbatim runs a command of the program to its end.
func verbatim(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return verbatimWith(t, nil, args...)
}

func verbatimWith(t testing.TB, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = t.TempDir() // the default folder ./data must not be this one's
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !stop.Stop() {
		t.Fatalf("verbatim %v ran for more than %v; stdout %q, stderr %q", args, patience, out.String(), errs.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// tail is the end of a long text.
func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
