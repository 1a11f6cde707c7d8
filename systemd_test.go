package main

import (
	"bufio"
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

	"verbatim/testparts/ports"
)

// activated starts the server by the real systemd-socket-activate, which listens and becomes the server when somebody
// connects. It returns once that listens.
func activated(t *testing.T, listen []string, flags ...string) *program {
	t.Helper()
	var args []string
	for _, at := range listen {
		args = append(args, "--listen", at)
	}
	p := &program{t: t, http: http.DefaultClient}
	args = append(append(args, "verbatim", "serve", "--data-dir", filepath.Join(t.TempDir(), "data")), flags...)
	p.cmd = exec.Command("systemd-socket-activate", args...)
	out, stdout := pipe(t)
	said, stderr := pipe(t)
	p.run(stdout, stderr)
	stdout.Close()
	stderr.Close()
	p.out, p.log = bufio.NewReader(out), bufio.NewScanner(said)
	for range listen {
		says(t, p.log, "Listening on ")
	}
	return p
}

func TestAServerTakesTheSocketsThatSystemdHandsOver(t *testing.T) {
	t.Parallel()
	port, socket := freePort(t), filepath.Join(shortDir(t), "s")
	p := activated(t, []string{"127.0.0.1:" + port, socket})
	answer, err := http.Get("http://127.0.0.1:" + port + "/healthz") // waits in the socket's queue while the server starts
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	local := bySocket(socket)
	defer local.CloseIdleConnections()
	if answer, err = local.Get("http://chat.example.com/healthz"); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("by the socket: got %v, %v", answer, err)
	}
	answer.Body.Close()
	p.signal(syscall.SIGTERM)
	p.exits(0)
	// These, and not the default address beside them.
	said, err := io.ReadAll(p.out)
	if want := "listening on http://127.0.0.1:" + port + "\nlistening on unix:" + socket + "\n"; err != nil || string(said) != want {
		t.Errorf("stdout: got %q, %v, want %q", said, err, want)
	}
	if _, err := os.Lstat(socket); err != nil {
		t.Errorf("systemd's socket: %v, want that it stays", err)
	}
}

func TestAnAddressIsServedBesideTheSocketsOfSystemd(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	p := activated(t, []string{"127.0.0.1:" + port}, "--listen", "127.0.0.1:0")
	p.connect("tcp", "127.0.0.1:"+port)
	for _, want := range []string{"http://127.0.0.1:" + port, "http://127.0.0.1:"} {
		url, err := nextURL(p.out)
		if err != nil || !strings.HasPrefix(url, want) {
			t.Fatalf("got %s, %v, want %s", url, err, want)
		}
		answer, err := http.Get(url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
}

func TestWhatSystemdHandsOverIsHeldToAuthOpenToo(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	p := activated(t, []string{"0.0.0.0:" + port})
	p.connect("tcp", "127.0.0.1:"+port)
	says(t, p.log, "verbatim: systemd hands over 0.0.0.0:"+port+", which is not loopback")
	p.exits(2)
}

func TestWhatSystemdHandsOverMustBeASocketThatListens(t *testing.T) {
	t.Parallel()
	for what, file := range map[string]func() (*os.File, error){
		"a file": func() (*os.File, error) { return os.Create(filepath.Join(t.TempDir(), "file")) },
		"a UDP socket": func() (*os.File, error) {
			c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				return nil, err
			}
			defer c.Close()
			return c.File()
		},
	} {
		handed, err := file()
		if err != nil {
			t.Fatal(err)
		}
		defer handed.Close()
		// The variables hold for the process that the shell becomes, as they do for one that systemd starts.
		cmd := exec.Command("sh", "-c", `export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"`, "sh",
			"verbatim", "serve", "--data-dir", filepath.Join(t.TempDir(), "data"))
		cmd.ExtraFiles = []*os.File{handed}
		said, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != exitRefused || !strings.Contains(string(said), "no connections can be accepted: use ListenStream=") {
			t.Errorf("%s: got %v, %s, want it refused", what, err, said)
		}
	}
}

// connect opens a connection, for which systemd-socket-activate has waited, and keeps it.
func (p *program) connect(network, address string) {
	p.t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
}

// notified is a server that is told to tell a service manager how it is, and that manager's end.
func notified(t *testing.T, env ...string) (*program, *net.UnixConn) {
	t.Helper()
	path := filepath.Join(shortDir(t), "notify")
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { told.Close() })
	script := "export NOTIFY_SOCKET=" + path + " " + strings.Join(env, " ") + `; exec "$@"`
	return launchBy(t, script, nil, nil), told
}

// tells waits for the server's next message and wants a line of it to begin like that; it returns the message.
func tells(t *testing.T, told *net.UnixConn, begin string) string {
	t.Helper()
	if err := told.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var text [4096]byte
	n, err := told.Read(text[:])
	if err != nil || !strings.HasPrefix(string(text[:n]), begin) {
		t.Fatalf("the manager was told %q, %v, want %q", text[:n], err, begin)
	}
	return string(text[:n])
}

func TestAServiceManagerIsToldHowTheServerIs(t *testing.T) {
	t.Parallel()
	p, told := notified(t)
	if message := tells(t, told, "READY=1\n"); !strings.Contains(message, "STATUS=serving on "+p.url) {
		t.Errorf("READY: got %q, want where it serves", message)
	}
	p.signal(syscall.SIGHUP)
	message := tells(t, told, "RELOADING=1\n")
	if !regexp.MustCompile(`(?m)^MONOTONIC_USEC=[1-9]\d*$`).MatchString(message) {
		t.Errorf("RELOADING: got %q, want when", message)
	}
	tells(t, told, "READY=1\n")
	p.signal(syscall.SIGTERM)
	tells(t, told, "STOPPING=1\n")
	p.exits(0)
}

func TestAWatchdogIsFed(t *testing.T) {
	t.Parallel()
	p, told := notified(t, "WATCHDOG_USEC=100000", "WATCHDOG_PID=$$")
	tells(t, told, "READY=1\n")
	tells(t, told, "WATCHDOG=1")
	tells(t, told, "WATCHDOG=1")
	p.signal(syscall.SIGTERM)
	p.exits(0)
}

func TestAServiceManagerThatHangsOrIsGoneHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for what, becomes := range map[string]func(*testing.T, *net.UnixConn){
		"it hangs":   fill,
		"it is gone": func(_ *testing.T, told *net.UnixConn) { told.Close() },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, told := notified(t)
			tells(t, told, "READY=1\n")
			becomes(t, told)
			p.signal(syscall.SIGHUP) // of which it is to be told
			p.get("/healthz")
			p.signal(syscall.SIGTERM)
			p.exits(0)
		})
	}
}

// fill sends to a socket that nobody reads, until it takes nothing from anybody.
func fill(t *testing.T, told *net.UnixConn) {
	t.Helper()
	for taken := true; taken; {
		c, err := net.DialUnix("unixgram", nil, told.LocalAddr().(*net.UnixAddr)) // what one has sent is bounded, too
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		raw, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		err = raw.Write(func(fd uintptr) bool {
			var full error
			for taken = false; full == nil; taken = taken || full == nil {
				_, full = unix.Write(int(fd), []byte("X"))
			}
			if full != unix.EAGAIN {
				t.Error(full)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// freePort returns a port that no other test gets.
func freePort(t *testing.T) string {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}
