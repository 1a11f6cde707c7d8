package web

import (
	"net/http"
	"regexp"
	"strings"
)

// policy is what the page may do: run and load its own files, talk to its own server, and nothing else.
// Trusted types make the browser refuse innerHTML and its kin, so that a message can never become markup.
var policy = []string{
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self' data:",
	"font-src 'self'",
	"manifest-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
}

// plainHost is a host that can stand in a policy; anything else could end its directive and begin another.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

func setSecurityHeaders(header http.Header, host string) {
	header.Set("Content-Security-Policy", strings.Join(append(policy[:len(policy):len(policy)], connectSource(host)), "; "))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// connectSource names the server's own WebSocket too: browsers before CSP level 3 did not count it as 'self'.
func connectSource(host string) string {
	if !plainHost.MatchString(host) {
		return "connect-src 'self'"
	}
	return "connect-src 'self' ws://" + host + " wss://" + host
}
