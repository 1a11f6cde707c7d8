package access

import (
	"fmt"
	"net/netip"
	"slices"
)

// Peers is a set of addresses that connections come from. Immutable.
type Peers struct {
	networks []netip.Prefix
	Unix     bool // all peers that connect by a Unix socket are in the set
}

// ParsePeers reads addresses, networks (CIDR), and the word unix.
func ParsePeers(texts []string) (p Peers, err error) {
	for _, text := range texts {
		if text == "unix" {
			p.Unix = true
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return Peers{}, fmt.Errorf("%q is no address: write it as 10.0.0.5, 10.0.0.0/24, 2001:db8::/32 or "+
				"unix", text)
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

// Has reports whether an address is in the set.
func (p *Peers) Has(addr netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}
