package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"verbatim/server/access"
	"verbatim/server/listen"
)

// HealthcheckOptions are the settings of a health check: those of the server that say where to ask, and how.
type HealthcheckOptions struct {
	Listen        []string      `placeholder:"HOST:PORT"`
	ProxyProtocol []string      `placeholder:"CIDR"`
	Timeout       time.Duration `default:"5s" placeholder:"TIME"`
}

// maxHealth bounds what is read of an answer: a word is expected.
const maxHealth = 200

// Healthcheck asks /readyz of the server that listens on the first configured address. It returns the URL that it
// asked, and nil if the answer was that the server is ready.
func Healthcheck(ctx context.Context, o HealthcheckOptions) (url string, err error) {
	e, err := listen.Parse("--listen", listen.OrDefault(o.Listen)[0])
	if err != nil {
		return "", err
	}
	if e.Path == "" && e.Port == 0 {
		return "", errors.New("--listen has port 0, which the server chose at its start: give the address that " +
			"it has printed")
	}
	peers, err := access.ParsePeers(o.ProxyProtocol)
	if err != nil {
		return "", fmt.Errorf("--proxy-protocol %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	url = "http://" + net.JoinHostPort(healthHost(e.Host), strconv.Itoa(int(e.Port))) + "/readyz"
	name := url
	transport := &http.Transport{DisableKeepAlives: true}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if e.Path != "" {
			network, address = "unix", e.Path
		}
		return dialHealth(ctx, network, address, peers)
	}
	if e.Path != "" {
		url, name = "http://localhost/readyz", "/readyz on unix:"+e.Path
	}

	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return name, fmt.Errorf("healthcheck: %s: %w", name, err)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return name, fmt.Errorf("healthcheck: no answer from %s: %w", name, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxHealth))
	if err != nil {
		return name, fmt.Errorf("healthcheck: no answer from %s: %w", name, err)
	}
	if answer.StatusCode != http.StatusOK {
		return name, fmt.Errorf("healthcheck: %s answers %d: %.100q", name, answer.StatusCode,
			strings.TrimSpace(string(text)))
	}
	return name, nil
}

// healthHost returns the host by which a program on this machine reaches a server that listens on host.
func healthHost(host string) string {
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return "127.0.0.1"
	case err == nil && addr.IsUnspecified() && addr.Is4():
		return "127.0.0.1"
	case err == nil && addr.IsUnspecified():
		return "::1"
	}
	return host
}

// dialHealth connects to the server. If the server awaits a PROXY header from this machine, it sends one that says that
// it connects for itself.
func dialHealth(ctx context.Context, network, address string, peers access.Peers) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	addr, known := access.ParseHop(c.LocalAddr().String())
	if known && peers.Has(addr) || network == "unix" && peers.Unix {
		if _, err := io.WriteString(c, "PROXY UNKNOWN\r\n"); err != nil {
			_ = c.Close() // the error before is the one to tell
			return nil, err
		}
	}
	return c, nil
}
