package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"verbatim/protocol"
)

// doors decides by its Host and its Origin whether a request may come in at all: a web page of somebody else's must
// not talk to a server that trusts whoever reaches it. Fixed once it is made.
type doors struct {
	loopback bool // a listener's address; what comes by it must be for a known host (DNS rebinding)
	hosts    map[string]bool
	origins  map[string]bool
}

func newDoors(cfg *Config, loopback bool) *doors {
	d := &doors{loopback: loopback, hosts: map[string]bool{"localhost": true}, origins: map[string]bool{}}
	for _, host := range cfg.Host {
		d.hosts[strings.ToLower(hostName(host))] = true
	}
	for _, origin := range cfg.Origin {
		if o, err := parseOrigin(origin); err == nil { // checked with the configuration
			d.origins[o.String()] = true
		}
	}
	return d
}

// guard lets in what the doors allow, before anything else looks at the request, and counts what they do not.
func (d *doors) guard(next http.Handler, refused prometheus.Counter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.check(r); err != nil {
			refused.Inc()
			refuse(w, http.StatusForbidden, err)
			return
		}
		if d.crossOrigin(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (d *doors) check(r *http.Request) *protocol.Error {
	if d.loopback && !beyondLoopback(r) && !d.knows(r.Host) {
		return protocol.Errorf(protocol.CodeForbidden,
			"this server does not go by the host %.100q: start it with --host to let that in, or use localhost", r.Host)
	}
	for _, text := range r.Header.Values("Origin") {
		o, err := parseOrigin(text)
		if err != nil || !d.origins[o.String()] && !o.sameHost(r.Host) {
			return protocol.Errorf(protocol.CodeForbidden,
				"pages of the origin %.100q may not use this server: start it with --origin to let them", text)
		}
	}
	return nil
}

func (d *doors) knows(host string) bool {
	name := hostName(host)
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return d.hosts[strings.ToLower(name)]
}

// crossOrigin lets a page of an allowed other origin read the answers (CORS), and answers its preflights.
func (d *doors) crossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	if origin == "" || len(d.origins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if o, err := parseOrigin(origin); err != nil || !d.origins[o.String()] {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// hostName takes a port and brackets away.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// origin is a scheme and a host, in lower case, without the scheme's own port.
type origin struct{ scheme, host string }

func (o origin) String() string { return o.scheme + "://" + o.host }

// sameHost says whether the origin is the server's own. Its scheme is not compared: TLS may end before us.
func (o origin) sameHost(host string) bool {
	return o.host == withoutPort(o.scheme, strings.ToLower(host))
}

func parseOrigin(text string) (origin, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return origin{}, fmt.Errorf("origin: %q is not SCHEME://HOST", text)
	}
	return origin{u.Scheme, withoutPort(u.Scheme, strings.ToLower(u.Host))}, nil
}

func withoutPort(scheme, host string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}
