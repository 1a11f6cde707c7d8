package server

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

// endpoint is a place to listen at, as a flag names it: a host and a port, or the path of a Unix socket.
type endpoint struct {
	flag string // that says it: --listen or --admin-listen
	text string // as it was given
	path string // of a Unix socket; empty: it is TCP
	host string // empty: all addresses of this machine; else an IP address or a name
	port uint16
}

// defaultListen is where the server listens unless somebody says where: --listen, or sockets from systemd.
const defaultListen = "127.0.0.1:8080"

const (
	unixPrefix = "unix:"
	mostPath   = 107 // bytes of a Unix socket's path (unix(7))
)

func parseEndpoint(flag, text string) (endpoint, error) {
	if path, ok := strings.CutPrefix(text, unixPrefix); ok {
		return endpoint{flag: flag, text: text, path: filepath.Clean(path)}, checkPath(flag, text, path)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return endpoint{}, fmt.Errorf("%s %q is no address: write it as 127.0.0.1:8080 or unix:/run/verbatim.sock", flag, text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return endpoint{}, fmt.Errorf("%s %s: %q is no port: give one from 0 (any free one) to 65535", flag, text, port)
	}
	return endpoint{flag: flag, text: text, host: host, port: uint16(n)}, nil
}

func checkPath(flag, text, path string) error {
	switch {
	case path == "" || strings.HasSuffix(path, "/") || strings.ContainsFunc(path, unicode.IsControl):
		return fmt.Errorf("%s %q has no path of a socket: write it as unix:/run/verbatim.sock", flag, text)
	case strings.HasPrefix(path, "@"):
		return fmt.Errorf("%s %s: an abstract socket has no permissions, so every user of this machine could connect: "+
			"write it as unix:/run/verbatim.sock", flag, text)
	case len(filepath.Clean(path)) > mostPath:
		return fmt.Errorf("%s %s: a socket's path has at most %d bytes, and this one has %d: give a shorter one",
			flag, text, mostPath, len(path))
	}
	return nil
}

// checkOpen refuses an endpoint that others reach over a network, unless that was asked for with --auth open.
func (e endpoint) checkOpen(auth string) error {
	if e.path != "" || auth == "open" {
		return nil // who reaches a Unix socket is a matter of its permissions
	}
	addrs, err := e.addrs()
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if !addr.IsLoopback() {
			return fmt.Errorf("--listen %s is not loopback, so whoever reaches it could read and write under any name: "+
				"give --auth open if that is wanted, or listen on 127.0.0.1:%d", e.text, e.port)
		}
	}
	return nil
}

// addrs are the endpoint's IP addresses: those of a name are all that it has, IPv4 first. All addresses of the machine
// are [::] here, for which system calls have one socket.
func (e endpoint) addrs() ([]netip.Addr, error) {
	if e.host == "" {
		return []netip.Addr{netip.IPv6Unspecified()}, nil
	}
	if addr, err := netip.ParseAddr(e.host); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	found, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip", e.host)
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%s %s: the name %s was not found: give an IP address, like 127.0.0.1:%d",
			e.flag, e.text, e.host, e.port)
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare) // IPv4 before IPv6
	return slices.Compact(found), nil
}

// isName reports whether the host is neither an IP address nor left out.
func (e endpoint) isName() bool {
	_, err := netip.ParseAddr(e.host)
	return e.path == "" && e.host != "" && err != nil
}

func (c *Config) checkListen() error {
	var problems error
	for _, text := range c.listens() {
		e, err := parseEndpoint("--listen", text)
		if err == nil {
			err = e.checkOpen(c.Auth)
		}
		problems = errors.Join(problems, err)
	}
	return problems
}

// listens is what --listen says, or what stands for it.
func (c *Config) listens() []string {
	if len(c.Listen) == 0 {
		return []string{defaultListen}
	}
	return c.Listen
}
