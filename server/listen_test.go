package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestEachOfSeveralAddressesIsServed(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortDir(t), "verbatim.sock")
	ts := serve(t, "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--listen", "unix:"+socket)
	if len(ts.where()) != 4 { // the first is the test's own
		t.Fatalf("got %v, want four", ts.where())
	}
	if last := ts.where()[3]; last != "unix:"+socket {
		t.Errorf("the last is %s, want the socket", last)
	}
	for _, url := range ts.where()[:3] {
		ts.url = url
		ts.get("/healthz").is(t, 200)
	}
	ts.by(socket)
	ts.get("/healthz").is(t, 200)
}

// by makes the test's requests go by a Unix socket.
func (ts *testServer) by(socket string) {
	ts.url = "http://localhost"
	ts.client.CloseIdleConnections()
	ts.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
}

func TestAHostIsCheckedWhereTheListenerIsLoopbackAlone(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortDir(t), "s")
	ts := serve(t, "--listen", "unix:"+socket)
	ts.get("/healthz", "Host", "chat.example.com").refuses(t, 403, "forbidden", "--allow-host")
	ts.by(socket) // a proxy passes on the name that it was asked for
	ts.get("/healthz", "Host", "chat.example.com").is(t, 200)
	ts.get("/healthz", "Host", "chat.example.com", "Origin", "https://evil.example.com").refuses(t, 403, "forbidden", "--allow-origin")
}

func TestASocketIsItsOwnersAndItsGroups(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortDir(t), "s")
	ts := serve(t, "--listen", "unix:"+socket)
	info, err := os.Lstat(socket)
	if err != nil || info.Mode() != fs0660Socket {
		t.Errorf("got %v, %v, want %v", info.Mode(), err, fs0660Socket)
	}
	ts.stop()
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("after the end: %v, want that it is gone", err)
	}
}

const fs0660Socket = os.ModeSocket | 0o660

func TestASocketThatWasLeftBehindIsReplaced(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortDir(t), "s")
	leaveSocket(t, socket)
	ts := serve(t, "--listen", "unix:"+socket)
	ts.by(socket)
	ts.get("/healthz").is(t, 200)
}

// leaveSocket makes a socket on which nobody listens.
func leaveSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestASocketThatAnotherServerHasMadeAnewIsNotRemoved(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortDir(t), "s")
	ts := serve(t, "--listen", "unix:"+socket)
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ts.stop()
	if _, err := os.Lstat(socket); err != nil {
		t.Errorf("the other server's socket: %v", err)
	}
}

func TestWhereOneOfSeveralAddressesIsTakenNothingStaysOpen(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	socket := filepath.Join(shortDir(t), "s")
	cfg := defaults(t, "--data-dir", t.TempDir()+"/data", "--listen", "unix:"+socket, "--listen", ts.listeners[0].Addr().String())
	for range 2 { // the second finds the data directory unlocked
		_, err := New(t.Context(), cfg, Build{}, io.Discard, ts.logger)
		if err == nil || !strings.Contains(err.Error(), "is in use: stop what serves there") {
			t.Errorf("got %v, want that the address is in use", err)
		}
		if _, err := os.Lstat(socket); !os.IsNotExist(err) {
			t.Errorf("the socket: %v, want that it is gone", err)
		}
	}
}

func TestSIGHUPReadsAnewInOrderAndSaysWhatWasKept(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	var read []string
	ts.reloads = []reloadable{
		{"certificates", func() error { read = append(read, "certificates"); return io.ErrUnexpectedEOF }},
		{"rules", func() error { read = append(read, "rules"); return nil }},
	}
	ts.reload <- syscall.SIGHUP
	until(t, "both were read", func() bool { return strings.Contains(ts.log.String(), `"what":"rules"`) })
	if got := strings.Join(read, " "); got != "certificates rules" {
		t.Errorf("read %s", got)
	}
	if log := ts.log.String(); !strings.Contains(log, `"error":"unexpected EOF"`) || !strings.Contains(log, "reload: the old is kept") {
		t.Errorf("the log does not say that the old certificates are kept: %s", log)
	}
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
