package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// visit is what is known of a request's sender and of what they asked for, once trusted proxies are believed.
type visit struct {
	addr      netip.Addr // who sent it; not valid where that is unknown (a Unix socket, say)
	scheme    string     // "http" or "https", as the client used it
	host      string     // as the client used it
	saysHost  string     // the header in which it stands
	forwarded bool       // somebody, trusted or not, says that it was forwarded for somebody else
}

// The headers in which a proxy says for whom it asks. The standard one (RFC 7239) is not believed from anybody: proxies
// that do not write it pass on what a client wrote there.
const (
	forwardedFor      = "X-Forwarded-For"
	forwardedProto    = "X-Forwarded-Proto"
	forwardedHost     = "X-Forwarded-Host"
	forwardedStandard = "Forwarded"
)

// proxies knows whose word counts on where a request came from. Safe for concurrent use.
type proxies struct {
	trusted peers // fixed
	log     zerolog.Logger

	strange, standard sync.Once // each is worth one warning
}

func newProxies(trusted []string, log zerolog.Logger) *proxies {
	p := &proxies{log: log}
	p.trusted, _ = parsePeers(trusted) // checked with the configuration
	return p
}

// visit reads who asks, and by which scheme and host. What a trusted proxy says counts: the right-most address of
// X-Forwarded-For that is not a trusted proxy's own, and of the other headers the entry that the same proxy wrote.
func (p *proxies) visit(r *http.Request) visit {
	v := visit{scheme: "http", host: r.Host, saysHost: "Host"}
	if r.TLS != nil {
		v.scheme = "https"
	}
	v.addr, _ = parseHop(r.RemoteAddr)
	header := forwardedHeader(r)
	v.forwarded = header != ""
	switch {
	case !v.forwarded:
	case !p.trusts(r, v.addr):
		p.strange.Do(func() {
			p.log.Warn().Str("header", header).Str("from", r.RemoteAddr).
				Msg("a forwarded header is ignored, since it does not come from a trusted proxy: where that address is your proxy's, start the server with --trusted-proxy; further ones are not reported")
		})
	default:
		p.believe(r, &v)
	}
	return v
}

// forwardedHeader is the first header of a request that says that it was forwarded, or "".
func forwardedHeader(r *http.Request) string {
	for _, name := range [...]string{forwardedFor, forwardedProto, forwardedHost, forwardedStandard} {
		if len(r.Header[name]) > 0 {
			return name
		}
	}
	return ""
}

// trusts reports whether who is at the other end of the connection may speak for others.
func (p *proxies) trusts(r *http.Request, addr netip.Addr) bool {
	if addr.IsValid() {
		return p.trusted.has(addr)
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix" && p.trusted.unix
}

// believe takes over what a trusted proxy says.
func (p *proxies) believe(r *http.Request, v *visit) {
	hops := newHops(r.Header[forwardedFor])
	if hops.rest == "" && len(r.Header[forwardedStandard]) > 0 {
		p.standard.Do(func() {
			p.log.Warn().Str("from", r.RemoteAddr).
				Msg("a trusted proxy sends Forwarded and no X-Forwarded-For: Forwarded is not read, so let the proxy set X-Forwarded-For")
		})
	}
	back := 0 // how many proxies are between us and the one that saw the client
	for entry, ok := hops.next(); ok; entry, ok = hops.next() {
		addr, ok := parseHop(entry)
		if !ok {
			break // "unknown" or garbage: who is behind that nobody knows, so it is the proxy's own
		}
		v.addr = addr
		if !p.trusted.has(addr) {
			break
		}
		back++
	}
	if scheme := schemeOf(entryAt(r.Header[forwardedProto], back)); scheme != "" {
		v.scheme = scheme
	}
	if host := entryAt(r.Header[forwardedHost], back); isHost(host) {
		v.host, v.saysHost = host, forwardedHost
	}
}

// hops reads a list from its right end. Several lines of a header are one list (RFC 9110, 5.3).
type hops struct {
	lines []string // those to the left of rest
	rest  string
}

func newHops(lines []string) hops {
	h := hops{lines: lines}
	h.line()
	return h
}

func (h *hops) line() {
	for h.rest == "" && len(h.lines) > 0 {
		last := len(h.lines) - 1
		h.rest, h.lines = strings.Trim(h.lines[last], ", \t"), h.lines[:last]
	}
}

// next returns the right-most entry that was not returned yet. Empty ones are passed over.
func (h *hops) next() (entry string, ok bool) {
	if h.rest == "" {
		return "", false
	}
	i := strings.LastIndexByte(h.rest, ',')
	entry = strings.Trim(h.rest[i+1:], " \t")
	h.rest = strings.TrimRight(h.rest[:max(i, 0)], ", \t")
	h.line()
	return entry, true
}

// entryAt returns the entry so many places from the right end of a list, or the left-most of a shorter one.
func entryAt(lines []string, back int) string {
	h := newHops(lines)
	entry, _ := h.next()
	for range back {
		left, ok := h.next()
		if !ok {
			break
		}
		entry = left
	}
	return entry
}

// parseHop reads an address as proxies and net/http write it: with or without port, brackets, zone and quotes.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.Trim(text, `"`)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return plain(at.Addr()), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
		text = inner
	}
	addr, err := netip.ParseAddr(text)
	return plain(addr), err == nil
}

// plain is an address without zone, and an IPv4 one as such.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// schemeOf returns http or https for what a proxy says was used, or "" where it is neither. Some say ws and wss.
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
	_, err = normalHost("http", text)
	return err == nil
}

// peers is a set of addresses that connections come from. Fixed once it is made.
type peers struct {
	networks []netip.Prefix
	unix     bool // who connects by a Unix socket
}

// parsePeers reads addresses, networks (CIDR), and the word unix.
func parsePeers(texts []string) (p peers, err error) {
	for _, text := range texts {
		if text == "unix" {
			p.unix = true
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return peers{}, fmt.Errorf("%q is no address: write it as 10.0.0.5, 10.0.0.0/24, 2001:db8::/32 or unix", text)
		}
		p.networks = append(p.networks, network)
	}
	return p, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err == nil && network.Addr().Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network.Masked(), err
}

func (p *peers) has(addr netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}
