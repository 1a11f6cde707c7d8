package access

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Origins is a set of origins, as --allow-origin names them. Immutable.
type Origins struct {
	exact map[Origin]bool
	below []Origin // each allows the subdomains of its host
}

// ParseOrigins reads the values of --allow-origin. Its error names the flag.
func ParseOrigins(flags []string) (o Origins, err error) {
	o.exact = make(map[Origin]bool)
	for _, flag := range flags {
		parsed, wildcard, err := parseAllowed(flag)
		if err != nil {
			return Origins{}, fmt.Errorf("--allow-origin %q: %w", flag, err)
		}
		if wildcard {
			o.below = append(o.below, parsed)
		} else {
			o.exact[parsed] = true
		}
	}
	return o, nil
}

// allow reports whether the set has an origin.
func (o *Origins) allow(from Origin) bool {
	if o.exact[from] {
		return true
	}
	for _, domain := range o.below { // both end with the port
		if from.Scheme == domain.Scheme && strings.HasSuffix(from.Host, "."+domain.Host) {
			return true
		}
	}
	return false
}

// empty reports whether the set has no origin.
func (o *Origins) empty() bool { return len(o.exact)+len(o.below) == 0 }

// pageless are schemes that no browser sends in an Origin header, so that they would never match.
var pageless = map[string]bool{
	"about": true, "blob": true, "data": true,
	"ftp": true, "javascript": true, "mailto": true,
}

// parseAllowed reads one --allow-origin. A wildcard stands for one or more labels: https://*.example.com allows
// https://a.example.com and https://a.b.example.com, and neither https://example.com nor another port.
func parseAllowed(flag string) (o Origin, wildcard bool, err error) {
	scheme, rest, _ := strings.Cut(flag, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case flag == "*":
		return Origin{}, false, errors.New("pages of all origins cannot be allowed: " +
			"name each origin, as https://chat.example.com or https://*.example.com")
	case flag == "null" || scheme == "file":
		return Origin{}, false, errors.New("pages from files and sandboxed frames have the origin null, which " +
			"every such page has: serve the page over http, or from a scheme of your application's own (app://name), " +
			"and give that")
	case scheme == "ws" || scheme == "wss":
		return Origin{}, false, fmt.Errorf("an origin is a page's, not a socket's: write it as http%s://%s",
			strings.TrimPrefix(scheme, "ws"), rest)
	case pageless[scheme]:
		return Origin{}, false, fmt.Errorf("no page has an origin of the scheme %s: write it as "+
			"https://chat.example.com", scheme)
	}
	rest, wildcard = strings.CutPrefix(rest, "*.")
	if strings.Contains(flag, "*") && (!wildcard || strings.Contains(rest, "*")) ||
		wildcard && defaultPorts[scheme] == "" {
		return Origin{}, false, errors.New("a wildcard stands for subdomains only, as in https://*.example.com")
	}
	if o, err = ParseOrigin(scheme + "://" + rest); err != nil {
		return Origin{}, false, fmt.Errorf("%w: write it as https://chat.example.com, without a path", err)
	}
	if wildcard {
		err = checkDomain(o.hostName())
	}
	return o, wildcard, err
}

// checkDomain refuses a wildcard below a domain that has no subdomains, or everybody's: *.com.
func checkDomain(domain string) error {
	if _, err := netip.ParseAddr(domain); err == nil {
		return errors.New("an IP address has no subdomains: name each origin")
	}
	if domain != "localhost" && !strings.Contains(domain, ".") {
		return fmt.Errorf("everybody may have a name below .%s: name a domain of your own, as in "+
			"https://*.example.com", domain)
	}
	return nil
}
