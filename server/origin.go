package server

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// origin is where a page comes from, in the one form that is compared: lower case, ASCII, without the scheme's own port.
type origin struct{ scheme, host string }

func (o origin) String() string { return o.scheme + "://" + o.host }

// hostName is the host without its port and brackets.
func (o origin) hostName() string { return hostName(o.host) }

// parseOrigin reads an Origin header, or a flag that names one. A scheme of its own (capacitor://localhost, an
// extension's) is as good as http and https, as long as there is a host: without one, everybody's page is the same.
func parseOrigin(text string) (origin, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok || !isScheme(scheme) {
		return origin{}, errors.New("it is not SCHEME://HOST")
	}
	host, err := normalHost(scheme, rest)
	return origin{scheme, host}, err
}

func isScheme(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return text != "" && strings.IndexByte(letters, text[0]) >= 0 && strings.Trim(text, letters+"0123456789+-.") == ""
}

// defaultPorts are those that stand in no origin and no Host.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// normalHost is a host and perhaps a port, as browsers write them for the scheme.
func normalHost(scheme, text string) (string, error) {
	name, port, err := splitPort(text)
	if err != nil {
		return "", err
	}
	if name, err = normalName(scheme, name); err != nil {
		return "", err
	}
	if port == "" || port == defaultPorts[scheme] {
		return name, nil
	}
	return name + ":" + port, nil
}

// splitPort takes a port apart; the name of an IPv6 address keeps its brackets.
func splitPort(text string) (name, port string, err error) {
	end := strings.LastIndexByte(text, ']') + 1
	i := strings.IndexByte(text[end:], ':')
	if i < 0 {
		return text, "", nil
	}
	name, port = text[:end+i], text[end+i+1:]
	if port == "" { // "host:" is as "host"
		return name, "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", "", fmt.Errorf("%.20q is no port", port)
	}
	return name, strconv.FormatUint(n, 10), nil
}

// normalName is a name or an address without a port. A last dot is taken away: it names the same host.
func normalName(scheme, name string) (string, error) {
	if inner, ok := strings.CutPrefix(name, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !strings.HasSuffix(inner, "]") || !addr.Is6() || addr.Zone() != "" {
			return "", fmt.Errorf("%.60q is no IPv6 address", name)
		}
		return "[" + addr.String() + "]", nil
	}
	if defaultPorts[scheme] == "" { // an application's: what its host is made of is its own affair
		name = strings.ToLower(name)
		if name == "" || !isHostText(name) {
			return "", fmt.Errorf("%.60q is no host", name)
		}
		return name, nil
	}
	name, err := asciiName(strings.TrimSuffix(name, "."))
	if err != nil {
		return "", err
	}
	return name, checkLabels(name)
}

// asciiName writes a name as browsers send it: in lower case, and where it has other letters, in Punycode.
func asciiName(name string) (string, error) {
	for i := range len(name) {
		if name[i] >= 0x80 {
			ascii, err := idna.Lookup.ToASCII(name)
			if err != nil {
				return "", fmt.Errorf("%.60q is no host name", name)
			}
			return ascii, nil
		}
	}
	return strings.ToLower(name), nil
}

// checkLabels refuses what no browser takes for a host. A last label of digits makes it an IPv4 address, or nothing.
func checkLabels(name string) error {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || !isHostText(label) {
			return fmt.Errorf("%.60q is no host name", name)
		}
	}
	if last := labels[len(labels)-1]; isNumber(last) {
		if _, err := netip.ParseAddr(name); err != nil {
			return fmt.Errorf("%.60q is neither a name nor an address", name)
		}
	}
	return nil
}

func isHostText(lower string) bool {
	return strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// isNumber reports whether a browser would take a last label for a part of an IPv4 address.
func isNumber(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	if hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// hostName takes a port and brackets away.
func hostName(host string) string {
	name, _, err := splitPort(host)
	if err != nil {
		name = host
	}
	return strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
}

// origins are those that --allow-origin allows. Fixed once they are made.
type origins struct {
	exact map[origin]bool
	below []origin // each allows the sub-domains of its host
}

func newOrigins(flags []string) (o origins, err error) {
	o.exact = make(map[origin]bool)
	for _, flag := range flags {
		parsed, wildcard, err := parseAllowed(flag)
		if err != nil {
			return origins{}, fmt.Errorf("--allow-origin %q: %w", flag, err)
		}
		if wildcard {
			o.below = append(o.below, parsed)
		} else {
			o.exact[parsed] = true
		}
	}
	return o, nil
}

func (o *origins) allow(from origin) bool {
	if o.exact[from] {
		return true
	}
	for _, domain := range o.below { // its port stands at the end of both
		if from.scheme == domain.scheme && strings.HasSuffix(from.host, "."+domain.host) {
			return true
		}
	}
	return false
}

func (o *origins) none() bool { return len(o.exact)+len(o.below) == 0 }

// pageless are schemes that stand in no browser's Origin, so that they would never match.
var pageless = map[string]bool{"about": true, "blob": true, "data": true, "ftp": true, "javascript": true, "mailto": true}

// parseAllowed reads one --allow-origin. A wildcard stands for one or more labels in front: https://*.example.com allows
// https://a.example.com and https://a.b.example.com, and neither https://example.com nor another port.
func parseAllowed(flag string) (o origin, wildcard bool, err error) {
	scheme, rest, _ := strings.Cut(flag, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case flag == "*":
		return origin{}, false, errors.New("not everybody's page can be let in: " +
			"name each origin, as https://chat.example.com or https://*.example.com")
	case flag == "null" || scheme == "file":
		return origin{}, false, errors.New("pages from files and sandboxed frames have the origin null, which " +
			"anybody's page can have: serve the page over http, or from a scheme of your application's own (app://name), and give that")
	case scheme == "ws" || scheme == "wss":
		return origin{}, false, fmt.Errorf("an origin is a page's, not a socket's: write it as http%s://%s",
			strings.TrimPrefix(scheme, "ws"), rest)
	case pageless[scheme]:
		return origin{}, false, fmt.Errorf("no page has an origin of the scheme %s: write it as https://chat.example.com", scheme)
	}
	rest, wildcard = strings.CutPrefix(rest, "*.")
	if strings.Contains(flag, "*") && (!wildcard || strings.Contains(rest, "*")) || wildcard && defaultPorts[scheme] == "" {
		return origin{}, false, errors.New("a wildcard stands for sub-domains alone, as in https://*.example.com")
	}
	if o, err = parseOrigin(scheme + "://" + rest); err != nil {
		return origin{}, false, fmt.Errorf("%w: write it as https://chat.example.com, without a path", err)
	}
	if wildcard {
		err = checkDomain(o.hostName())
	}
	return o, wildcard, err
}

// checkDomain refuses a wildcard's domain that has no sub-domains, or too many: *.com is everybody.
func checkDomain(domain string) error {
	if _, err := netip.ParseAddr(domain); err == nil {
		return errors.New("an IP address has no sub-domains: name each origin")
	}
	if domain != "localhost" && !strings.Contains(domain, ".") {
		return fmt.Errorf("everybody may have a name below .%s: name a domain of your own, as in https://*.example.com", domain)
	}
	return nil
}
