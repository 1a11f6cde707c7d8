package server

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

// notSentLowWater is the most bytes of one connection that wait unsent in the kernel. A stalled reader pins up to
// 4.2 MB of its memory without this bound, 0.28 MB with it, at full speed.
const notSentLowWater = 128 << 10

// listener is a place at which connections are accepted, and what is known of all that come by it.
type listener struct {
	net.Listener
	url      string // what the first of a --listen is called on stdout; empty: it is another address of the same name
	loopback bool   // TCP, and only this machine reaches it: a request's Host must be known (DNS rebinding)
	open     bool   // others reach it over a network
}

func newListener(l net.Listener) *listener {
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return &listener{Listener: l, url: unixPrefix + l.Addr().String()}
	}
	loopback := at.IP.IsLoopback()
	return &listener{Listener: l, url: "http://" + at.String(), loopback: loopback, open: !loopback}
}

// anyLoopback reports whether only this machine reaches one of these, by TCP.
func anyLoopback(all []*listener) bool {
	return slices.ContainsFunc(all, func(l *listener) bool { return l.loopback })
}

// address is where it is, for a person: as an URL where it is TCP.
func (l *listener) address() string {
	if l.Addr().Network() == "unix" {
		return unixPrefix + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// listenAll opens every listener: the sockets that systemd hands over, and what --listen says, which has its default
// only where there are none of these. With an error nothing stays open.
func listenAll(cfg *Config) (all []*listener, err error) {
	defer func() {
		if err != nil {
			closeAll(all)
			all = nil
		}
	}()
	if all, err = handedOver(cfg.Auth); err != nil {
		return all, err
	}
	if len(all) > 0 && len(cfg.Listen) == 0 {
		return all, nil
	}
	for _, text := range cfg.listens() {
		e, err := parseEndpoint("--listen", text)
		if err != nil {
			return all, err
		}
		found, err := e.listen()
		if err != nil {
			return all, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func closeAll(all []*listener) {
	for _, l := range all {
		_ = l.Close() // a listener has nothing to lose; it may be closed already
	}
}

func (e endpoint) listen() ([]*listener, error) {
	if e.path != "" {
		l, err := listenUnix(e)
		if err != nil {
			return nil, err
		}
		return []*listener{newListener(l)}, nil
	}
	addrs, err := e.addrs()
	if err != nil {
		return nil, err
	}
	const tries = 10 // a free port of the first address may be taken at another
	for n := 1; ; n++ {
		all, err := e.listenTCP(addrs)
		if err == nil || e.port != 0 || n == tries || !errors.Is(err, syscall.EADDRINUSE) {
			return all, err
		}
	}
}

// listenTCP listens at each address, all with one port. Of a name it passes over those that this machine does not have,
// as long as there is one that it has.
func (e endpoint) listenTCP(addrs []netip.Addr) (all []*listener, err error) {
	var missing error
	port := e.port
	for _, addr := range addrs {
		l, err := listenAt(e.network(addr), netip.AddrPortFrom(addr, port))
		if e.isName() && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			missing = err
			continue
		}
		if err != nil {
			closeAll(all)
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
			l.url = ""
		}
		all[0].url = "http://" + net.JoinHostPort(e.host, strconv.Itoa(int(port)))
	}
	return all, nil
}

// network is what is asked of the system: an address is of its own family alone, so that 0.0.0.0 is not [::] too, and
// [::] not 0.0.0.0; only where no host is said is it both.
func (e endpoint) network(addr netip.Addr) string {
	switch {
	case e.host == "":
		return "tcp"
	case addr.Is4():
		return "tcp4"
	default:
		return "tcp6"
	}
}

func listenAt(network string, at netip.AddrPort) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return boundUnsent(raw) }}
	config.SetMultipathTCP(false) // it has none of these options, and costs
	text := at.String()
	if network == "tcp" {
		text = fmt.Sprintf(":%d", at.Port()) // Go's way to say both families, or the one that there is
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

// explain says what to do about an address that could not be had.
func (e endpoint) explain(err error) error {
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

// listenError is an error of the system in words for a person.
type listenError struct {
	error
	words string
}

func (e listenError) Error() string { return e.words }
func (e listenError) Unwrap() error { return e.error }

type listenerKey struct{} // of a request's *listener in its context

// ofListener is an http.Server's BaseContext: what is known of the listener is known of each of its requests.
func ofListener(l net.Listener) context.Context {
	return context.WithValue(context.Background(), listenerKey{}, l)
}

// beyondLoopback reports whether the request came by a listener that is not a loopback address. Where nothing is known
// of its listener it did not.
func beyondLoopback(r *http.Request) bool {
	l, ok := r.Context().Value(listenerKey{}).(*listener)
	return ok && !l.loopback
}

// know takes the names that the server listens at for names that it goes by.
func (d *doors) know(listens []string) {
	for _, text := range listens {
		e, err := parseEndpoint("--listen", text)
		if err != nil || !e.isName() { // it was checked with the configuration
			continue
		}
		if name, err := normalHost("http", e.host); err == nil { // in the form that is compared
			d.hosts[name] = true
		}
	}
}
