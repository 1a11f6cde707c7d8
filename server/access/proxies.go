package access

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// Visit is what is known of a request's sender and of the URL that they used, with what trusted proxies say.
type Visit struct {
	Addr       netip.Addr // of the sender; not valid if it is unknown, as for a Unix socket
	Scheme     string     // "http" or "https", as the client used it
	Host       string     // as the client used it
	HostHeader string     // the header that named Host
	Forwarded  bool       // the request says that it was forwarded, whether its sender is trusted or not
}

// Sender returns the address of a request's sender, and that of the proxy that speaks for it, or "".
func (v Visit) Sender(r *http.Request) (from, via string) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err == nil && plain(at.Addr()) == v.Addr || !v.Addr.IsValid() {
		return r.RemoteAddr, ""
	}
	return v.Addr.String(), r.RemoteAddr
}

// The headers in which a proxy says for whom it asks. The standard one (RFC 7239) is never believed: proxies that do
// not write it pass on what a client wrote there.
const (
	forwardedFor      = "X-Forwarded-For"
	forwardedProto    = "X-Forwarded-Proto"
	forwardedHost     = "X-Forwarded-Host"
	forwardedStandard = "Forwarded"
)

// Proxies finds out who sent a request: it knows which peers may speak for others. Safe for concurrent use.
type Proxies struct {
	trusted Peers // fixed
	log     zerolog.Logger

	strange, standard sync.Once // each is warned of once
}

// NewProxies returns Proxies that believe the peers that --trusted-proxy names.
func NewProxies(trusted Peers, log zerolog.Logger) *Proxies {
	p := &Proxies{log: log}
	p.trusted = trusted
	return p
}

// Visit returns who sent a request, and by which scheme and host. It believes trusted proxies: the right-most address
// of X-Forwarded-For that is not a trusted proxy's own, and of the other headers the entry that the same proxy wrote.
func (p *Proxies) Visit(r *http.Request) Visit {
	v := Visit{Scheme: "http", Host: r.Host, HostHeader: "Host"}
	if r.TLS != nil {
		v.Scheme = "https"
	}
	v.Addr, _ = ParseHop(r.RemoteAddr)
	header := forwardedHeader(r)
	v.Forwarded = header != ""
	switch {
	case !v.Forwarded:
	case !p.trusts(r, v.Addr):
		p.strange.Do(func() {
			p.log.Warn().Str("header", header).Str("from", r.RemoteAddr).
				Msg("a forwarded header is ignored, since it does not come from a trusted proxy: if that address " +
					"is your " +
					"proxy's, start the server with --trusted-proxy; further ones are not reported")
		})
	default:
		p.believe(r, &v)
	}
	return v
}

// forwardedHeader returns the first header of a request that says that it was forwarded, or "".
func forwardedHeader(r *http.Request) string {
	for _, name := range [...]string{forwardedFor, forwardedProto, forwardedHost, forwardedStandard} {
		if len(r.Header[name]) > 0 {
			return name
		}
	}
	return ""
}

// trusts reports whether the peer of the connection may speak for others.
func (p *Proxies) trusts(r *http.Request, addr netip.Addr) bool {
	if addr.IsValid() {
		return p.trusted.Has(addr)
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix" && p.trusted.Unix
}

// believe takes over what a trusted proxy says.
func (p *Proxies) believe(r *http.Request, v *Visit) {
	hops := newHops(r.Header[forwardedFor])
	if hops.rest == "" && len(r.Header[forwardedStandard]) > 0 {
		p.standard.Do(func() {
			p.log.Warn().Str("from", r.RemoteAddr).
				Msg("a trusted proxy sends Forwarded and no X-Forwarded-For: Forwarded is not read, " +
					"so let the proxy set X-Forwarded-For")
		})
	}
	back := 0 // how many proxies there are between this server and the one that saw the client
	for entry, ok := hops.next(); ok; entry, ok = hops.next() {
		addr, ok := ParseHop(entry)
		if !ok {
			break // "unknown" or garbage: the client is not known, so the request counts as the proxy's own
		}
		v.Addr = addr
		if !p.trusted.Has(addr) {
			break
		}
		back++
	}
	if scheme := schemeOf(entryAt(r.Header[forwardedProto], back)); scheme != "" {
		v.Scheme = scheme
	}
	if host := entryAt(r.Header[forwardedHost], back); isHost(host) {
		v.Host, v.HostHeader = host, forwardedHost
	}
}

// schemeOf returns http or https for what a proxy says, or "" if it is neither. Some proxies say ws and wss.
func schemeOf(proto string) string {
	switch strings.ToLower(proto) {
	case "http", "ws":
		return "http"
	case "https", "wss":
		return "https"
	default:
		return ""
	}
}

// isHost reports whether a text is a host, perhaps with a port, and nothing else.
func isHost(text string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"
	u, err := url.Parse("http://" + text)
	if err != nil || u.Host != text || u.Hostname() == "" || strings.Trim(text, allowed) != "" {
		return false
	}
	_, err = NormalHost("http", text)
	return err == nil
}
