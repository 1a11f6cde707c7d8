// Package listen opens what the server accepts connections on: TCP addresses, Unix sockets, and sockets that systemd
// hands over.
package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// notSentLowWater bounds the bytes of one connection that wait unsent in the kernel. Without it, a stalled reader holds
// up to 4.2 MB of kernel memory, and 0.28 MB with it. It does not slow a connection down.
const notSentLowWater = 128 << 10

// Listener accepts connections, and has what is known of all that come by it.
type Listener struct {
	net.Listener
	URL      string // as printed on stdout; empty for further addresses of the same name
	Loopback bool   // TCP, and only this machine reaches it
	Open     bool   // others reach it over a network
}

func newListener(l net.Listener) *Listener {
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return &Listener{Listener: l, URL: unixPrefix + l.Addr().String()}
	}
	loopback := at.IP.IsLoopback()
	return &Listener{Listener: l, URL: "http://" + at.String(), Loopback: loopback, Open: !loopback}
}

// AnyLoopback reports whether one of the listeners is for TCP from this machine only.
func AnyLoopback(all []*Listener) bool {
	return slices.ContainsFunc(all, func(l *Listener) bool { return l.Loopback })
}

// Address returns the address for people: a URL, or unix: and a path.
func (l *Listener) Address() string {
	if l.Addr().Network() == "unix" {
		return unixPrefix + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// All opens every listener: the sockets that systemd hands over, and the values of --listen. The default address is
// opened only if there are neither. After an error nothing stays open.
func All(texts []string, auth string) (all []*Listener, err error) {
	defer func() {
		if err != nil {
			CloseAll(all)
			all = nil
		}
	}()
	if all, err = fromSystemd(auth); err != nil {
		return all, err
	}
	if len(all) > 0 && len(texts) == 0 {
		return all, nil
	}
	for _, text := range OrDefault(texts) {
		e, err := Parse("--listen", text)
		if err != nil {
			return all, err
		}
		found, err := e.Listen()
		if err != nil {
			return all, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// CloseAll closes listeners; some may be closed already.
func CloseAll(all []*Listener) {
	for _, l := range all {
		_ = l.Close() // a listener has nothing to lose
	}
}

// Listen opens the endpoint: a listener for each of its addresses.
func (e Endpoint) Listen() ([]*Listener, error) {
	if e.Path != "" {
		l, err := listenUnix(e)
		if err != nil {
			return nil, err
		}
		return []*Listener{newListener(l)}, nil
	}
	addrs, err := e.addrs()
	if err != nil {
		return nil, err
	}
	const tries = 10 // the free port of the first address may be in use at another
	for n := 1; ; n++ {
		all, err := e.listenTCP(addrs)
		if err == nil || e.Port != 0 || n == tries || !errors.Is(err, syscall.EADDRINUSE) {
			return all, err
		}
	}
}

// listenTCP listens on each address, with one port for all. It leaves out a name's addresses that this machine does not
// have, and fails if it has none of them.
func (e Endpoint) listenTCP(addrs []netip.Addr) (all []*Listener, err error) {
	var missing error
	port := e.Port
	for _, addr := range addrs {
		l, err := listenAt(e.network(addr), netip.AddrPortFrom(addr, port))
		if e.isName() && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			missing = err
			continue
		}
		if err != nil {
			CloseAll(all)
			return nil, e.explain(err)
		}
		all = append(all, newListener(l))
		port = uint16(l.Addr().(*net.TCPAddr).Port)
	}
	if len(all) == 0 {
		return nil, e.explain(missing)
	}
	if e.isName() {
		for _, l := range all {
			l.URL = ""
		}
		all[0].URL = "http://" + net.JoinHostPort(e.Host, strconv.Itoa(int(port)))
	}
	return all, nil
}

// network returns the family of an address: 0.0.0.0 does not include [::], nor [::] 0.0.0.0. Without a host it is both.
func (e Endpoint) network(addr netip.Addr) string {
	switch {
	case e.Host == "":
		return "tcp"
	case addr.Is4():
		return "tcp4"
	default:
		return "tcp6"
	}
}

func listenAt(network string, at netip.AddrPort) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return boundUnsent(raw) }}
	config.SetMultipathTCP(false) // it lacks these options, and is slower
	text := at.String()
	if network == "tcp" {
		text = fmt.Sprintf(":%d", at.Port()) // Go takes this for both families, or for the one that the machine has
	}
	return config.Listen(context.Background(), network, text)
}

// boundUnsent sets notSentLowWater; accepted connections inherit it.
func boundUnsent(raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowWater)
	})
	return errors.Join(err, os.NewSyscallError("setsockopt TCP_NOTSENT_LOWAT", failed))
}

// explain returns an error that says what to do about an address that could not be opened.
func (e Endpoint) explain(err error) error {
	var words string
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		words = "is in use: stop what serves there, or give another address (port 0 picks a free one)"
	case errors.Is(err, syscall.EACCES):
		words = "is not allowed: ports below 1024 need a privilege; give a higher one"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		words = "is no address of this machine: give one that it has, or leave the host out for all"
	case errors.Is(err, syscall.EINVAL): // it names no interface, or one that is not there
		words = "is of no interface of this machine: a link-local address names its own, as in [fe80::1%eth0]:8080"
	case errors.Is(err, syscall.EAFNOSUPPORT):
		words = "is of a kind that this machine does not have (is IPv6 off?): give another address"
	default:
		return fmt.Errorf("%s %s: %w", e.flag, e.text, err)
	}
	return listenError{err, e.flag + " " + e.text + " " + words}
}

// listenError is an error of the system in words for people.
type listenError struct {
	error
	words string
}

func (e listenError) Error() string { return e.words }
func (e listenError) Unwrap() error { return e.error }

type listenerKey struct{} // of a request's *Listener in its context

// Context is an http.Server's BaseContext: it gives each request its listener.
func Context(l net.Listener) context.Context {
	return context.WithValue(context.Background(), listenerKey{}, l)
}

// BeyondLoopback reports whether a request came by a listener that is not a loopback address. It is false for a request
// without a known listener.
func BeyondLoopback(r *http.Request) bool {
	l, ok := r.Context().Value(listenerKey{}).(*Listener)
	return ok && !l.Loopback
}
