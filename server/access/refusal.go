package access

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/rs/zerolog"

	"verbatim/protocol"
	"verbatim/server/logging"
)

// refusal is why the origin policy refuses a request, and what would let it in.
type refusal struct {
	err    *protocol.Error // for the client
	kind   string          // one of a few constants: each kind is limited by itself in the log
	header string          // the header that is refused
	value  string          // its value, as it came
	flags  string          // what to start the server with, or ""
}

// note returns what the log says of a refusal.
func (no *refusal) note(r *http.Request, v Visit) logging.Note {
	n := logging.Note{
		Kind: "origin policy: " + no.kind, Level: zerolog.WarnLevel,
		Words:  "refused by the origin policy: " + no.err.Reason,
		Header: no.header, Value: no.value, Method: r.Method, Path: r.URL.Path, Code: no.err.Code, Flag: no.flags,
	}
	n.From, n.Via = v.Sender(r)
	return n
}

// unknownHost refuses a request for a host that is not this server.
func unknownHost(v Visit) *refusal {
	no := &refusal{kind: "host", header: v.HostHeader, value: v.Host}
	host, err := NormalHost("http", v.Host)
	switch {
	case v.Host == "":
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the request names no host: let the proxy in front pass the Host header on, as the browser sends it "+
				"(docs/operating/reverse-proxy.md; --allow-host NAME allows a name)")
	case err != nil:
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the %s header %.100q is no host (--allow-host NAME allows a name)", v.HostHeader, v.Host)
	default:
		no.flags = "--allow-host " + HostName(host)
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the host %.100q is not a name of this server: start it with %s to allow it, or use localhost",
			v.Host, no.flags)
	}
	return no
}

// unknownOrigin refuses a page, and says why. Most often it is the server's own page, and a proxy changes its URL.
func unknownOrigin(r *http.Request, v Visit, text string, from Origin, bad error) *refusal {
	no := &refusal{kind: "origin", header: "Origin", value: text}
	if bad == nil {
		_, _, bad = parseAllowed(from.String()) // what no page has, a WebSocket's for example, no flag can allow
	}
	allow := "--allow-origin " + from.String()
	host, _ := NormalHost(from.Scheme, v.Host)
	switch {
	case text == "null" || strings.HasPrefix(text, "file:"):
		no.kind = "origin null"
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"pages from files and sandboxed frames (origin %.20q) may not use this server, and no --allow-origin "+
				"allows them: "+
				"serve the page over http, or from a scheme of its application's own", text)
	case bad != nil:
		no.kind = "origin malformed"
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the Origin header %.100q is no origin, so no --allow-origin allows it: %v", text, bad)
	case defaultPorts[from.Scheme] != "" && host == from.Host: // and the scheme is another
		no.kind = "origin scheme"
		no.flags = fmt.Sprintf("--public-url %s/, or --trusted-proxy %s if that proxy sets X-Forwarded-Proto, or %s",
			from, peer(r), allow)
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the page came by %s and the request by %s: start the server with --public-url %s/ (or %s)",
			from.Scheme, v.Scheme, from, allow)
	case defaultPorts[from.Scheme] != "" && HostName(host) == from.hostName():
		no.kind = "origin port"
		no.flags = fmt.Sprintf("--public-url %s/, or %s", from, allow)
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"the page came from %s and the request says %s %.100q: let the proxy pass that header with its port, "+
				"or start the server with --public-url %s/ (or %s)",
			from, v.HostHeader, v.Host, from, allow)
	default:
		no.flags = allow
		no.err = protocol.Errorf(protocol.CodeForbidden,
			"pages of the origin %.100q may not use this server: start it with %s to allow them, "+
				"or with --public-url if they are its own", text, allow)
	}
	return no
}

// peer returns the peer of the connection as a flag takes it.
func peer(r *http.Request) string {
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return plain(at.Addr()).String()
	}
	return "unix"
}
