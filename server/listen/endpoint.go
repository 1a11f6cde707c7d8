package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Endpoint is what a flag names to listen on: a host and a port, or the path of a Unix socket.
type Endpoint struct {
	Path string // of a Unix socket; empty: it is TCP
	Host string // empty: all addresses of this machine; else an IP address or a name
	Port uint16

	flag string // that names it: --listen or --admin-listen
	text string // as it was given
}

// Default is the endpoint if neither --listen nor systemd names one.
const Default = "127.0.0.1:8080"

// OrDefault returns the values of --listen, or the default if there is none.
func OrDefault(texts []string) []string {
	if len(texts) == 0 {
		return []string{Default}
	}
	return texts
}

// Check refuses values of --listen that are malformed, and, unless auth was given, those that others reach over a
// network.
func Check(texts []string, auth string) error {
	var problems error
	for _, text := range OrDefault(texts) {
		e, err := Parse("--listen", text)
		if err == nil {
			err = e.checkOpen(auth)
		}
		problems = errors.Join(problems, err)
	}
	return problems
}

// Names returns the host names among the values of --listen: the server is known by these.
func Names(texts []string) (names []string) {
	for _, text := range texts {
		if e, err := Parse("--listen", text); err == nil && e.isName() {
			names = append(names, e.Host)
		}
	}
	return names
}

const (
	unixPrefix = "unix:"
	maxPath    = 107 // bytes of a Unix socket's path (unix(7))
)

// Parse reads the value of a flag, --listen or --admin-listen. Its errors name the flag.
func Parse(flag, text string) (Endpoint, error) {
	if path, ok := strings.CutPrefix(text, unixPrefix); ok {
		return Endpoint{flag: flag, text: text, Path: filepath.Clean(path)}, checkPath(flag, text, path)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%s %q is no address: write it as 127.0.0.1:8080 or unix:/run/verbatim.sock",
			flag, text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%s %s: %q is no port: give one from 0 (any free one) to 65535", flag, text, port)
	}
	return Endpoint{flag: flag, text: text, Host: host, Port: uint16(n)}, nil
}

func checkPath(flag, text, path string) error {
	switch {
	case path == "" || strings.HasSuffix(path, "/") || strings.ContainsFunc(path, unicode.IsControl):
		return fmt.Errorf("%s %q has no path of a socket: write it as unix:/run/verbatim.sock", flag, text)
	case strings.HasPrefix(path, "@"):
		return fmt.Errorf("%s %s: an abstract socket has no permissions, so every user of this machine could connect: "+
			"write it as unix:/run/verbatim.sock", flag, text)
	case len(filepath.Clean(path)) > maxPath:
		return fmt.Errorf("%s %s: a socket's path has at most %d bytes, and this one has %d: give a shorter one",
			flag, text, maxPath, len(path))
	}
	return nil
}

// checkOpen refuses an endpoint that others reach over a network, unless auth was given.
func (e Endpoint) checkOpen(auth string) error {
	if e.Path != "" || auth != "" {
		return nil // the permissions of a Unix socket say who reaches it
	}
	addrs, err := e.addrs()
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if !addr.IsLoopback() {
			return fmt.Errorf("--listen %s is not loopback, so everybody who reaches it could read and write "+
				"under any name: "+
				"give --auth token, or --auth open if that is wanted, or listen on 127.0.0.1:%d", e.text, e.Port)
		}
	}
	return nil
}

// addrs returns the endpoint's IP addresses: all addresses of a name, IPv4 first. All addresses of the machine are [::]
// here, for which system calls have one socket.
func (e Endpoint) addrs() ([]netip.Addr, error) {
	if e.Host == "" {
		return []netip.Addr{netip.IPv6Unspecified()}, nil
	}
	if addr, err := netip.ParseAddr(e.Host); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	found, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip", e.Host)
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%s %s: the name %s was not found: give an IP address, like 127.0.0.1:%d",
			e.flag, e.text, e.Host, e.Port)
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare) // IPv4 before IPv6
	return slices.Compact(found), nil
}

// isName reports whether the host is a name: neither an IP address nor left out.
func (e Endpoint) isName() bool {
	_, err := netip.ParseAddr(e.Host)
	return e.Path == "" && e.Host != "" && err != nil
}
