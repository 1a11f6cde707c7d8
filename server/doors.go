package server

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"verbatim/protocol"
)

// doors decides by its Host and its Origin whether a request may come in at all: a web page of somebody else's must
// not talk to a server that trusts everybody who reaches it. It stands before the API and the WebSocket. The page's own
// files are everybody's to have. Safe for concurrent use.
type doors struct {
	// Fixed.
	loopback bool            // the listener's address; then a host must be known (DNS rebinding)
	hosts    map[string]bool // their names, without ports
	own      *publicURL      // nil: the server is where its clients say that it is
	origins  origins
	unread   bool // pages of --allow-origin may not read the answers: those that may chat have no use for the server's memory
	visit    func(*http.Request) visit

	notes *notes
}

func newDoors(cfg *Config, loopback bool, visit func(*http.Request) visit, notes *notes) *doors {
	d := &doors{
		loopback: loopback, hosts: map[string]bool{"localhost": true}, visit: visit, notes: notes,
	}
	// All three were checked with the configuration.
	d.origins, _ = newOrigins(cfg.AllowOrigin)
	d.own, _ = parsePublicURL(cfg.PublicURL)
	for _, host := range cfg.AllowHost {
		name, _ := normalHost("http", host)
		d.hosts[hostName(name)] = true
	}
	if d.own != nil {
		d.hosts[d.own.origin.hostName()] = true
	}
	return d
}

// guard lets in what the doors allow, before anything else looks at the request, and counts what they do not.
func (d *doors) guard(next http.Handler, refused prometheus.Counter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.origins.none() {
			w.Header().Add("Vary", "Origin") // the answer to one page must not be kept for another
		}
		if no := d.check(r); no != nil {
			refused.Inc()
			d.notes.add(no.note(r, d.visit(r)))
			noted(w)
			refuse(w, http.StatusForbidden, no.err)
			return
		}
		if d.crossOrigin(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// check returns why a request may not come in, or nil.
func (d *doors) check(r *http.Request) *refusal {
	v := d.visit(r)
	if d.loopback && !beyondLoopback(r) && !d.knows(v.host) && !isProbe(r) {
		return d.strangeHost(v)
	}
	for _, text := range r.Header["Origin"] {
		from, err := parseOrigin(text)
		if err != nil || !d.isOwn(from, v) && !d.origins.allow(from) {
			return d.strangeOrigin(r, v, text, from, err)
		}
	}
	return nil
}

func (d *doors) knows(host string) bool {
	name, err := normalHost("http", host)
	if err != nil {
		return false
	}
	name = hostName(name)
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return d.hosts[name]
}

// isProbe reports whether a load balancer asks how the server is, by HTTP/1.0 and without a Host (haproxy's httpchk
// does). No browser asks like that.
func isProbe(r *http.Request) bool {
	return r.Host == "" && (r.URL.Path == "/healthz" || r.URL.Path == "/readyz")
}

// isOwn reports whether a page is the server's own: from the address by which the request came, scheme and port
// included, or from --public-url.
func (d *doors) isOwn(from origin, v visit) bool {
	if d.own != nil && from == d.own.origin {
		return true
	}
	host, err := normalHost(v.scheme, v.host)
	return err == nil && from == origin{v.scheme, host}
}

func (d *doors) strangeHost(v visit) *refusal {
	no := &refusal{kind: "host", header: v.saysHost, value: v.host}
	host, err := normalHost("http", v.host)
	switch {
	case v.host == "":
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the request names no host: let what stands in front pass the Host header on, as the browser sends it "+
				"(docs/operating/reverse-proxy.md; --allow-host NAME lets a name in)")
	case err != nil:
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the %s header %.100q is no host (--allow-host NAME lets a name in)", v.saysHost, v.host)
	default:
		no.flags = "--allow-host " + hostName(host)
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"this server does not go by the host %.100q: start it with %s to let that in, or use localhost", v.host, no.flags)
	}
	return no
}

// strangeOrigin finds out why a page is refused: most often it is the server's own behind a proxy that says otherwise.
func (d *doors) strangeOrigin(r *http.Request, v visit, text string, from origin, bad error) *refusal {
	no := &refusal{kind: "origin", header: "Origin", value: text}
	if bad == nil {
		_, _, bad = parseAllowed(from.String()) // a socket's, say: what no page has, no flag lets in
	}
	allow := "--allow-origin " + from.String()
	host, _ := normalHost(from.scheme, v.host)
	switch {
	case text == "null" || strings.HasPrefix(text, "file:"):
		no.kind = "origin null"
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"pages from files and sandboxed frames (origin %.20q) may not use this server, and no --allow-origin lets them: "+
				"serve the page over http, or from a scheme of its application's own", text)
	case bad != nil:
		no.kind = "origin malformed"
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the Origin header %.100q is no origin, so no --allow-origin lets it in: %v", text, bad)
	case defaultPorts[from.scheme] != "" && host == from.host: // and the scheme is another
		no.kind = "origin scheme"
		no.flags = fmt.Sprintf("--public-url %s/, or --trusted-proxy %s where that proxy sets X-Forwarded-Proto, or %s",
			from, peer(r), allow)
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the page came by %s and the request by %s: start the server with --public-url %s/ (or %s)",
			from.scheme, v.scheme, from, allow)
	case defaultPorts[from.scheme] != "" && hostName(host) == from.hostName():
		no.kind = "origin port"
		no.flags = fmt.Sprintf("--public-url %s/, or %s", from, allow)
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the page came from %s and the request says %s %.100q: let the proxy pass that header with its port, "+
				"or start the server with --public-url %s/ (or %s)",
			from, v.saysHost, v.host, from, allow)
	default:
		no.flags = allow
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"pages of the origin %.100q may not use this server: start it with %s to let them, "+
				"or with --public-url where they are its own", text, allow)
	}
	return no
}

// peer returns who is at the other end of the connection, as a flag takes it.
func peer(r *http.Request) string {
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return at.Addr().Unmap().WithZone("").String()
	}
	return "unix"
}

// crossOrigin lets a page of an allowed other origin read the answers (CORS), and answers its preflights.
func (d *doors) crossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	if d.unread || len(r.Header["Origin"]) != 1 {
		return false
	}
	h := w.Header()
	text := r.Header["Origin"][0]
	if from, err := parseOrigin(text); err != nil || !d.origins.allow(from) {
		return false // the server's own page needs no leave
	}
	h.Set("Access-Control-Allow-Origin", text)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", "Content-Disposition, Retry-After")
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
