package access

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// defaultPorts are the ports that no origin and no Host header names.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// NormalHost returns a host and perhaps a port in the form in which browsers write them for a scheme.
func NormalHost(scheme, text string) (string, error) {
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

// splitPort splits a host from its port; an IPv6 address keeps its brackets.
func splitPort(text string) (name, port string, err error) {
	end := strings.LastIndexByte(text, ']') + 1
	i := strings.IndexByte(text[end:], ':')
	if i < 0 {
		return text, "", nil
	}
	name, port = text[:end+i], text[end+i+1:]
	if port == "" { // "host:" means "host"
		return name, "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", "", fmt.Errorf("%.20q is no port", port)
	}
	return name, strconv.FormatUint(n, 10), nil
}

// normalName returns the normal form of a name or an address without a port. A last dot is removed: it names the same
// host.
func normalName(scheme, name string) (string, error) {
	if inner, ok := strings.CutPrefix(name, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !strings.HasSuffix(inner, "]") || !addr.Is6() || addr.Zone() != "" {
			return "", fmt.Errorf("%.60q is no IPv6 address", name)
		}
		return "[" + addr.String() + "]", nil
	}
	if defaultPorts[scheme] == "" { // an application's own scheme has its own rules for hosts
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

// asciiName returns a name as browsers send it: in lower case, and in Punycode if it has letters beyond ASCII.
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

// checkLabels refuses what no browser takes for a host. A name whose last label has only digits must be an IPv4
// address.
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

// HostName returns a host without its port and brackets.
func HostName(host string) string {
	name, _, err := splitPort(host)
	if err != nil {
		name = host
	}
	return strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
}
