// Package access finds out who sent a request (Proxies) and decides whether it may come in (Policy, the origin policy).
//
// A page of another site must not talk to a server that trusts everybody who reaches it, neither by its own name
// (Origin) nor by a name that it made point to this machine (Host, DNS rebinding).
package access

import (
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

	"verbatim/server/listen"
	"verbatim/server/logging"
	"verbatim/server/respond"
)

// Policy is the origin policy: by its Host and its Origin it decides whether a request may come in. It guards the API
// and the WebSocket; the page's own files are open to everybody. Safe for concurrent use.
type Policy struct {
	// Fixed.
	o     Options
	hosts map[string]bool // names of this server, without ports
}

// Options are what a Policy goes by.
type Options struct {
	Loopback  bool       // an address of the server is loopback: requests that come by it must name a known host
	Hosts     []string   // names of the server beside localhost and the host of PublicURL
	Origins   Origins    // whose pages may use the server, beside the server's own
	PublicURL *PublicURL // nil: the server is where its clients say that it is
	NoCORS    bool       // pages of Origins may not read the answers

	Visit   func(*http.Request) Visit
	Notes   *logging.Notes
	Refused prometheus.Counter // counts the requests that are refused
}

// NewPolicy returns a Policy. Hosts that are no hosts were refused with the configuration, and are left out.
func NewPolicy(o Options) *Policy {
	p := &Policy{o: o, hosts: map[string]bool{"localhost": true}}
	for _, host := range o.Hosts {
		if name, err := NormalHost("http", host); err == nil {
			p.hosts[HostName(name)] = true
		}
	}
	if o.PublicURL != nil {
		p.hosts[o.PublicURL.Origin.hostName()] = true
	}
	return p
}

// Guard passes on the requests that may come in, before anything else looks at them, and refuses and counts the others.
func (p *Policy) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.o.Origins.empty() {
			w.Header().Add("Vary", "Origin") // a cache must not give the answer for one page to another
		}
		if no := p.check(r); no != nil {
			p.o.Refused.Inc()
			p.o.Notes.Add(no.note(r, p.o.Visit(r)))
			respond.Noted(w)
			respond.Refuse(w, http.StatusForbidden, no.err)
			return
		}
		if p.crossOrigin(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// check returns why a request may not come in, or nil.
func (p *Policy) check(r *http.Request) *refusal {
	v := p.o.Visit(r)
	if p.o.Loopback && !listen.BeyondLoopback(r) && !p.knows(v.Host) && !isProbe(r) {
		return unknownHost(v)
	}
	for _, text := range r.Header["Origin"] {
		from, err := ParseOrigin(text)
		if err != nil || !p.isOwn(from, v) && !p.o.Origins.allow(from) {
			return unknownOrigin(r, v, text, from, err)
		}
	}
	return nil
}

// knows reports whether a host is this server: every IP address is, since no page can make one point elsewhere.
func (p *Policy) knows(host string) bool {
	name, err := NormalHost("http", host)
	if err != nil {
		return false
	}
	name = HostName(name)
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return p.hosts[name]
}

// isProbe reports whether a load balancer asks for the server's health by HTTP/1.0 and without a Host (haproxy's
// httpchk does). No browser sends such a request.
func isProbe(r *http.Request) bool {
	return r.Host == "" && (r.URL.Path == "/healthz" || r.URL.Path == "/readyz")
}

// isOwn reports whether a page is the server's own: from the URL by which the request came, scheme and port included,
// or from --public-url.
func (p *Policy) isOwn(from Origin, v Visit) bool {
	if p.o.PublicURL != nil && from == p.o.PublicURL.Origin {
		return true
	}
	host, err := NormalHost(v.Scheme, v.Host)
	return err == nil && from == Origin{v.Scheme, host}
}

// crossOrigin lets a page of an allowed origin read the answer (CORS). It answers preflights, and then returns true.
func (p *Policy) crossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	if p.o.NoCORS || len(r.Header["Origin"]) != 1 {
		return false
	}
	h := w.Header()
	text := r.Header["Origin"][0]
	if from, err := ParseOrigin(text); err != nil || !p.o.Origins.allow(from) {
		return false // the server's own page needs no permission
	}
	h.Set("Access-Control-Allow-Origin", text)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", "Content-Disposition, Retry-After")
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
