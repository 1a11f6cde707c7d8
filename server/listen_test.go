package server

import (
	"context"
	"github.com/rs/zerolog"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// option reads a number of a socket.
func option(t *testing.T, l net.Listener, level, name int) int {
	t.Helper()
	raw, err := l.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var value int
	var failed error
	if err := raw.Control(func(fd uintptr) { value, failed = unix.GetsockoptInt(int(fd), level, name) }); err != nil || failed != nil {
		t.Fatalf("getsockopt: %v, %v", err, failed)
	}
	return value
}

func TestAnAddressIsOfTheFamilyThatWasAskedFor(t *testing.T) {
	t.Parallel()
	const v4, v6, both = "IPv4", "IPv6", "both"
	for _, row := range []struct{ listen, url, family string }{
		{"127.0.0.1:0", "http://127.0.0.1:", v4},
		{"0.0.0.0:0", "http://0.0.0.0:", v4},
		{"[::ffff:127.0.0.1]:0", "http://127.0.0.1:", v4},
		{"[::1]:0", "http://[::1]:", v6},
		{"[::]:0", "http://[::]:", v6},
		{":0", "http://[::]:", both},
	} {
		all, err := listenAll(&Config{Listen: []string{row.listen}, Auth: "open"})
		if err != nil {
			t.Fatalf("%s: %v", row.listen, err)
		}
		defer closeAll(all)
		if len(all) != 1 || !strings.HasPrefix(all[0].url, row.url) {
			t.Errorf("%s: got %d listeners, %s, want one that says %s", row.listen, len(all), all[0].url, row.url)
		}
		got := v4
		if option(t, all[0].Listener, unix.SOL_SOCKET, unix.SO_DOMAIN) == unix.AF_INET6 {
			got = both
			if option(t, all[0].Listener, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY) == 1 {
				got = v6
			}
		}
		if got != row.family {
			t.Errorf("%s: listens on %s, want %s", row.listen, got, row.family)
		}
		if low := option(t, all[0].Listener, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); low != notSentLowWater {
			t.Errorf("%s: TCP_NOTSENT_LOWAT is %d, want %d", row.listen, low, notSentLowWater)
		}
	}
}

func TestANameIsListenedAtWithAllItsAddressesAndSaidOnce(t *testing.T) {
	t.Parallel()
	e := endpoint{text: "chat:0", host: "chat"}
	found := []string{}
	all, err := e.listenTCP(parseAddrs("127.0.0.1", "127.0.0.2", "::1", "2001:db8::1")) // the last is no address of this machine
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(all)
	ports := map[int]bool{}
	for _, l := range all {
		at := l.Addr().(*net.TCPAddr)
		found = append(found, at.IP.String())
		ports[at.Port] = true
	}
	if got := strings.Join(found, " "); got != "127.0.0.1 127.0.0.2 ::1" || len(ports) != 1 {
		t.Errorf("got %s on %d ports, want the three that this machine has, on one", got, len(ports))
	}
	if all[0].url != "http://chat:"+portOf(all[0]) || all[1].url != "" || all[2].url != "" {
		t.Errorf("got %q, %q, %q, want the name, once", all[0].url, all[1].url, all[2].url)
	}
	if _, err := e.listenTCP(parseAddrs("2001:db8::1")); err == nil || !strings.Contains(err.Error(), "is no address of this machine") {
		t.Errorf("got %v, want that this machine has no such address", err)
	}
}

func TestANameToListenAtIsAHostThatTheServerGoesBy(t *testing.T) {
	t.Parallel()
	d := newDoors(defaults(t), true, newProxies(nil, zerolog.Nop()).visit, newNotes(zerolog.Nop()))
	d.know([]string{"Chat.Internal:8080", "dotted.internal.:8080", "bücher.internal:8080", "127.0.0.1:0", "unix:/run/x"})
	for _, host := range []string{
		"chat.internal:8080", "dotted.internal:8080", "dotted.internal.", "xn--bcher-kva.internal",
	} {
		if !d.knows(host) {
			t.Errorf("%s is not known: got %v", host, d.hosts)
		}
	}
	if d.knows("unix") || d.knows("") {
		t.Errorf("got %v, want chat.internal to be known, and nothing else beside localhost", d.hosts)
	}
}

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

func TestOfSeveralThatReplaceASocketOneHasIt(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortDir(t), "s")
	e, err := parseEndpoint("--listen", "unix:"+socket)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		leaveSocket(t, socket)
		var group sync.WaitGroup
		had := make(chan []*listener, 8)
		for range cap(had) {
			group.Go(func() { // ends at once
				if all, err := e.listen(); err == nil {
					had <- all
				} else if !strings.Contains(err.Error(), "in use") {
					t.Error(err)
				}
			})
		}
		group.Wait()
		close(had)
		n := 0
		for all := range had {
			n++
			closeAll(all)
		}
		if n != 1 {
			t.Fatalf("%d have it, want 1", n)
		}
	}
}

func TestWhatIsInTheWayOfASocketStays(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	live, err := net.Listen("unix", at("live"))
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	if err := os.WriteFile(at("file"), []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("file"), at("link")); err != nil {
		t.Fatal(err)
	}
	leaveSocket(t, at("left"))
	if err := os.Symlink(at("left"), at("link-to-a-socket")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"live": "in use", "file": "not a socket", "folder": "not a socket", "link": "not a socket", "link-to-a-socket": "not a socket",
		"missing/s": "no such file",
	} {
		before, _ := os.Lstat(at(name)) // nil for what is not there
		_, err := listenAll(&Config{Listen: []string{"unix:" + at(name)}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", name, err, want)
		}
		if after, _ := os.Lstat(at(name)); before != nil && (after == nil || !os.SameFile(before, after)) {
			t.Errorf("%s: it was touched", name)
		}
	}
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
		_, err := New(t.Context(), cfg, Build{}, io.Discard, ts.said)
		if err == nil || !strings.Contains(err.Error(), "is in use: stop what serves there") {
			t.Errorf("got %v, want that the address is in use", err)
		}
		if _, err := os.Lstat(socket); !os.IsNotExist(err) {
			t.Errorf("the socket: %v, want that it is gone", err)
		}
	}
}

func TestALinkLocalAddressNamesItsInterface(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"[fe80::1]:0", "[fe80::1%nosuch]:0"} {
		_, err := listenAll(&Config{Listen: []string{listen}, Auth: "open"})
		if err == nil || !strings.HasPrefix(err.Error(), "--listen "+listen+" ") ||
			!strings.Contains(err.Error(), "[fe80::1%eth0]:8080") {
			t.Errorf("%s: got %v, want how to write it", listen, err)
		}
	}
}

func TestASocketNeedsNoOpenButWhatTheNetworkReachesDoes(t *testing.T) {
	t.Parallel()
	for listen, refused := range map[string]bool{
		"unix:/run/verbatim.sock": false, "127.0.0.1:0": false, "[::1]:0": false, "localhost:0": false, "127.9.9.9:0": false,
		"0.0.0.0:0": true, "[::]:0": true, ":0": true, "192.0.2.1:0": true, "[2001:db8::1]:0": true, "[fe80::1%lo]:0": true,
		"[::ffff:192.0.2.1]:0": true,
	} {
		err := defaults(t, "--listen", "127.0.0.1:0", "--listen", listen).Check()
		if refused != (err != nil) || err != nil && !strings.Contains(err.Error(), "--auth open") {
			t.Errorf("%s: got %v, want refused %v", listen, err, refused)
		}
		if err := defaults(t, "--auth", "open", "--listen", listen).Check(); err != nil {
			t.Errorf("%s --auth open: got %v", listen, err)
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

func parseAddrs(texts ...string) (addrs []netip.Addr) {
	for _, text := range texts {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs
}

func portOf(l *listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }
