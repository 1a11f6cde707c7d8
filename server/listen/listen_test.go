package listen

import (
	"net"
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
		all, err := All([]string{row.listen}, "open")
		if err != nil {
			t.Fatalf("%s: %v", row.listen, err)
		}
		defer CloseAll(all)
		if len(all) != 1 || !strings.HasPrefix(all[0].URL, row.url) {
			t.Errorf("%s: got %d listeners, %s, want one that says %s", row.listen, len(all), all[0].URL, row.url)
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
	e := Endpoint{text: "chat:0", Host: "chat"}
	found := []string{}
	all, err := e.listenTCP(parseAddrs("127.0.0.1", "127.0.0.2", "::1", "2001:db8::1")) // the last is no address of this machine
	if err != nil {
		t.Fatal(err)
	}
	defer CloseAll(all)
	ports := map[int]bool{}
	for _, l := range all {
		at := l.Addr().(*net.TCPAddr)
		found = append(found, at.IP.String())
		ports[at.Port] = true
	}
	if got := strings.Join(found, " "); got != "127.0.0.1 127.0.0.2 ::1" || len(ports) != 1 {
		t.Errorf("got %s on %d ports, want the three that this machine has, on one", got, len(ports))
	}
	if all[0].URL != "http://chat:"+portOf(all[0]) || all[1].URL != "" || all[2].URL != "" {
		t.Errorf("got %q, %q, %q, want the name, once", all[0].URL, all[1].URL, all[2].URL)
	}
	if _, err := e.listenTCP(parseAddrs("2001:db8::1")); err == nil || !strings.Contains(err.Error(), "is no address of this machine") {
		t.Errorf("got %v, want that this machine has no such address", err)
	}
}

func TestOfSeveralThatReplaceASocketOneHasIt(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortDir(t), "s")
	e, err := Parse("--listen", "unix:"+socket)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		leaveSocket(t, socket)
		var group sync.WaitGroup
		had := make(chan []*Listener, 8)
		for range cap(had) {
			group.Go(func() { // ends at once
				if all, err := e.Listen(); err == nil {
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
			CloseAll(all)
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
		_, err := All([]string{"unix:" + at(name)}, "")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", name, err, want)
		}
		if after, _ := os.Lstat(at(name)); before != nil && (after == nil || !os.SameFile(before, after)) {
			t.Errorf("%s: it was touched", name)
		}
	}
}

func TestALinkLocalAddressNamesItsInterface(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"[fe80::1]:0", "[fe80::1%nosuch]:0"} {
		_, err := All([]string{text}, "open")
		if err == nil || !strings.HasPrefix(err.Error(), "--listen "+text+" ") ||
			!strings.Contains(err.Error(), "[fe80::1%eth0]:8080") {
			t.Errorf("%s: got %v, want how to write it", text, err)
		}
	}
}

func TestASocketNeedsNoOpenButWhatTheNetworkReachesDoes(t *testing.T) {
	t.Parallel()
	for text, refused := range map[string]bool{
		"unix:/run/verbatim.sock": false, "127.0.0.1:0": false, "[::1]:0": false, "localhost:0": false, "127.9.9.9:0": false,
		"0.0.0.0:0": true, "[::]:0": true, ":0": true, "192.0.2.1:0": true, "[2001:db8::1]:0": true, "[fe80::1%lo]:0": true,
		"[::ffff:192.0.2.1]:0": true,
	} {
		err := Check([]string{"127.0.0.1:0", text}, "")
		if refused != (err != nil) || err != nil && !strings.Contains(err.Error(), "--auth open") {
			t.Errorf("%s: got %v, want refused %v", text, err, refused)
		}
		if err := Check([]string{text}, "open"); err != nil {
			t.Errorf("%s --auth open: got %v", text, err)
		}
	}
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

func portOf(l *Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

func TestAcceptedConnectionsInheritTheBoundOfWhatIsUnsent(t *testing.T) {
	t.Parallel()
	l, err := listenAt("tcp4", netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	raw, err := accepted.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); err != nil || got != notSentLowWater {
			t.Errorf("TCP_NOTSENT_LOWAT: got %d, %v, want %d", got, err, notSentLowWater)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
