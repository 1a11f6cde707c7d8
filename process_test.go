package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait for something that must come; a test that passes does not spend it.
const patience = time.Minute

// program is a server that runs as a process of its own. It is killed with its test at the latest.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	url   string         // what it said on stdout, where that is read
	http  *http.Client   // whatever the URL's host, it goes to this server
	admin *http.Client   // likewise, to where its metrics are
	out   *bufio.Reader  // stdout, and
	log   *bufio.Scanner // stderr, where the test that started it reads them from here
	ended chan struct{}
}

// launch starts `verbatim serve` with what is to be its stdout and stderr. Where stdout is nil, the line is read that
// says where the server listens; where stderr is nil, it goes nowhere.
func launch(t *testing.T, stdout, stderr *os.File, flags ...string) *program {
	t.Helper()
	return launchBy(t, "", stdout, stderr, flags...)
}

// launchBy is launch by a shell, which becomes the server with: exec "$@". An empty script is no shell.
func launchBy(t *testing.T, script string, stdout, stderr *os.File, flags ...string) *program {
	t.Helper()
	p := &program{t: t}
	socket, admin := filepath.Join(shortDir(t), "s"), filepath.Join(shortDir(t), "a")
	args := []string{"verbatim", "serve", "--listen", "127.0.0.1:0", "--listen", "unix:" + socket, "--admin-listen", "unix:" + admin,
		"--data-dir", filepath.Join(t.TempDir(), "data")}
	args = append(args, flags...)
	if script != "" {
		args = append([]string{"sh", "-c", script, "sh"}, args...)
	}
	p.cmd = exec.Command(args[0], args[1:]...)
	p.http, p.admin = bySocket(socket), bySocket(admin)
	p.run(stdout, stderr)
	return p
}

// bySocket is a client all of whose requests go by a Unix socket.
func bySocket(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
}

func (p *program) run(stdout, stderr *os.File) {
	p.t.Helper()
	var own io.ReadCloser
	if stderr != nil {
		p.cmd.Stderr = stderr
	}
	if stdout != nil {
		p.cmd.Stdout = stdout
	} else {
		var err error
		if own, err = p.cmd.StdoutPipe(); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.ended = make(chan struct{})
	if own != nil {
		var err error
		if p.url, err = nextURL(bufio.NewReader(own)); err != nil {
			p.t.Error(err)
		}
	}
	go func() { // the program's; ends with the process
		_ = p.cmd.Wait() // the exit code is looked at
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		p.http.CloseIdleConnections()
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
	})
}

// nextURL reads the next line of a server's stdout, which says where it listens.
func nextURL(stdout *bufio.Reader) (string, error) {
	line, err := stdout.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		return "", fmt.Errorf("stdout: got %q, %v, want where the server listens", line, err)
	}
	return url, nil
}

// shortDir is a folder whose path leaves room for a socket's name, of which there may be 107 bytes.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "v")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// get asks until the server answers, and gives the answer's body.
func (p *program) get(path string) string {
	p.t.Helper()
	return p.ask(p.http, path)
}

// ask is get by one of the program's two clients.
func (p *program) ask(client *http.Client, path string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
		if err != nil {
			p.t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err == nil {
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				p.t.Fatalf("GET %s: %v", path, err)
			}
			return string(body)
		}
		select {
		case <-p.ended:
			p.t.Fatalf("GET %s: the server has ended: %v", path, p.cmd.ProcessState)
		case <-ctx.Done():
			p.t.Fatalf("GET %s: no answer within %v: %v", path, patience, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// metric is what /metrics says of one.
func (p *program) metric(name string) string {
	p.t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(p.ask(p.admin, "/metrics"))
	if found == nil {
		p.t.Fatalf("there is no metric %s", name)
	}
	return found[1]
}

// losesALine waits until a line of the log could not be written.
func (p *program) losesALine() {
	p.t.Helper()
	for end := time.Now().Add(patience); p.metric("verbatim_log_dropped_total") == "0"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("no line of the log was lost within %v", patience)
		}
	}
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%v: %v", s, err)
	}
}

// exits waits for the process to end and wants that exit code; a signal that killed it is none.
func (p *program) exits(code int) {
	p.t.Helper()
	select {
	case <-p.ended:
		if got := p.cmd.ProcessState; got.ExitCode() != code {
			p.t.Errorf("got %v, want exit code %d", got, code)
		}
	case <-time.After(patience):
		p.t.Fatalf("the process still runs after %v", patience)
	}
}

// pipe is one whose both ends are files, closed with the test.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if err := r.SetReadDeadline(time.Now().Add(2 * patience)); err != nil { // so that no read outlasts the test
		t.Fatal(err)
	}
	return r, w
}

// fullPipe is one that takes nothing until somebody reads.
func fullPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w = pipe(t)
	fd := int(w.Fd()) // which makes it block, as a shell's pipe does
	size, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(append(make([]byte, size-1), '\n')); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// says reads a log until a line holds the words, and gives that line.
func says(t *testing.T, log *bufio.Scanner, words string) string {
	t.Helper()
	for log.Scan() {
		if strings.Contains(log.Text(), words) {
			return log.Text()
		}
	}
	t.Fatalf("the log ended and did not say %q: %v", words, log.Err())
	return ""
}

func TestALogWhoseReaderGoesAwayEndsNothing(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	p := launch(t, nil, w)
	w.Close()
	says(t, bufio.NewScanner(r), "serving")
	r.Close()
	p.signal(syscall.SIGHUP) // which is logged
	p.losesALine()
	p.signal(syscall.SIGTERM)
	p.exits(0)
}

func TestALogThatHangsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	_, w := fullPipe(t)
	p := launch(t, nil, w, "--log-level", "debug", "--drain-timeout", "2s")
	p.signal(syscall.SIGHUP) // which is logged
	p.get("/api/conversations")
	p.signal(syscall.SIGTERM)
	p.exits(0)
}

func TestWhatTheLogHoldsBackIsWrittenAtTheEnd(t *testing.T) {
	t.Parallel()
	r, w := fullPipe(t)
	p := launch(t, nil, w)
	w.Close()
	p.get("/healthz")
	p.signal(syscall.SIGTERM)
	log := bufio.NewScanner(r)
	says(t, log, "serving")
	says(t, log, "draining")
	says(t, log, "stopped")
	p.exits(0)
}

func TestALogOnAFullDiskEndsNothing(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0) // each write to it fails with ENOSPC
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	p := launch(t, nil, full)
	p.losesALine()
	p.signal(syscall.SIGTERM)
	p.exits(0)
}

func TestAStdoutThatNobodyReadsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for what, stdout := range map[string]func(*testing.T) *os.File{
		"its reader is gone": func(t *testing.T) *os.File {
			r, w := pipe(t)
			r.Close()
			return w
		},
		"its reader hangs": func(t *testing.T) *os.File {
			_, w := fullPipe(t)
			return w
		},
		"it is on a full disk": func(t *testing.T) *os.File {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { full.Close() })
			return full
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := launch(t, stdout(t), nil, "--drain-timeout", "2s")
			p.get("/healthz")
			p.signal(syscall.SIGTERM)
			p.exits(0)
		})
	}
}

func TestClosedStreamsAreNoFilesOfTheServer(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p := launchBy(t, `exec "$@" >&- 2>&-`, null, null)
	p.get("/healthz")
	if answer := p.post("lobby", `{"from":"ann","text":"hi"}`); !strings.Contains(answer, `"seq":1`) {
		t.Errorf("got %s, want the ack", answer)
	}
	for _, stream := range []string{"1", "2"} { // a file of the record there would get what is logged
		at := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "fd", stream)
		if what, err := os.Readlink(at); err != nil || what != os.DevNull {
			t.Errorf("%s is %s, %v, want that it leads nowhere", at, what, err)
		}
	}
	p.signal(syscall.SIGTERM)
	p.exits(0)
}

func TestARefusedStartExits2WhateverBecomesOfItsLine(t *testing.T) {
	t.Parallel()
	_, stuck := fullPipe(t)
	r, gone := pipe(t)
	r.Close()
	for what, stderr := range map[string]*os.File{"its reader hangs": stuck, "its reader is gone": gone} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, "verbatim", "serve", "--listen", "8080")
		cmd.Stderr = stderr
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitRefused {
			t.Errorf("%s: got %v, want exit code %d", what, err, exitRefused)
		}
	}
}

func TestACommandEndsWithItsOwnCodeThoughWhoReadsItsErrorsIsGone(t *testing.T) {
	t.Parallel()
	r, gone := pipe(t)
	r.Close()
	whole := t.TempDir() + "/data"
	p := launch(t, nil, nil, "--data-dir", whole)
	p.post("lobby", `{"from":"ann","text":"hi"}`)
	p.signal(syscall.SIGTERM)
	p.exits(0)
	if err := os.WriteFile(whole+"/transcripts/README", nil, 0o600); err != nil { // verify has a word for it on stderr
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
	}{
		{"nonsense", exitRefused},
		{"serve --nonsense", exitRefused},
		{"verify --data-dir " + whole, 0},
		{"verify --data-dir " + whole + "/none", exitFailed},
		{"verify --receipt nonsense", exitRefused},
		{"export --data-dir " + whole, exitRefused},
		{"export none --data-dir " + whole, exitFailed},
		{"load http://127.0.0.1:1/", exitRefused},
	} {
		if code := codeOf(t, c.args, nil, gone); code != c.code {
			t.Errorf("verbatim %s: got exit code %d, want %d", c.args, code, c.code)
		}
	}
}

func TestAnAnswerThatCannotBeWrittenFails(t *testing.T) {
	t.Parallel()
	r, gone := pipe(t)
	r.Close()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0) // each write to it fails with ENOSPC
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range []string{"version", "--version", "serve -v", "help", "help load", "--help", "serve -h"} {
		if code := codeOf(t, args, full, nil); code != exitFailed {
			t.Errorf("verbatim %s on a full disk: got exit code %d, want %d", args, code, exitFailed)
		}
		if code := codeOf(t, args, gone, nil); code != exitBrokenPipe {
			t.Errorf("verbatim %s, its reader gone: got exit code %d, want %d", args, code, exitBrokenPipe)
		}
	}
}

// codeOf is the exit code of a command, by a shell's rule also where a signal ended it.
func codeOf(t *testing.T, args string, stdout, stderr *os.File) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "verbatim", strings.Fields(args)...)
	if stdout != nil {
		cmd.Stdout = stdout
	}
	if stderr != nil {
		cmd.Stderr = stderr
	}
	_ = cmd.Run() // its state says how it ended
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok {
		t.Fatalf("verbatim %s: %v", args, cmd.ProcessState)
	}
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// hangs is how many bytes the body has that hang announces.
const hangs = 9

// hang begins a POST whose body does not come, and returns once the server waits for it.
func (p *program) hang() net.Conn {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", hangs)
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil { // it asks for the body once the request waits
		p.t.Fatal(err)
	}
	return conn
}

func (p *program) post(conversation, body string) string {
	p.t.Helper()
	url := "http://localhost/api/conversations/" + conversation + "/messages"
	answer, err := p.http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}
