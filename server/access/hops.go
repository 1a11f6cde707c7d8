package access

import (
	"net/netip"
	"strings"
)

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

// next returns the right-most entry that was not returned yet. It skips empty ones.
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

// ParseHop reads an address as proxies and net/http write it: with or without port, brackets, zone and quotes.
func ParseHop(text string) (netip.Addr, bool) {
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

// plain returns an address without its zone, and an IPv4-mapped one as IPv4.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
