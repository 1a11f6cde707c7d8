package limit

import (
	"cmp"
	"net/netip"
	"slices"
)

// Levels is how many networks of an address are counted, at most.
const Levels = 3

// MaxNetworks bounds how many networks are remembered for each limit: about 8 MB.
const MaxNetworks = 1 << 15

// wider is how much more a network may take than each of the networks within it. So one customer who has many
// addresses, or many small networks, is held to what their larger network may take.
const wider = 4

// Allowed returns what a network of a level may take if the narrowest network may take n.
func Allowed(n, level int) int {
	for range level {
		n *= wider
	}
	return n
}

// networksOf returns the networks of an address, the narrowest first, and how many they are: /32 and /24 of IPv4, /64,
// /56 and /48 of IPv6, which are what one customer has, often has and may have. All unknown addresses share one
// network.
func networksOf(addr netip.Addr) (networks [Levels]netip.Prefix, n int) {
	bits := [Levels]int{64, 56, 48}
	n = Levels
	switch addr = addr.Unmap().WithZone(""); {
	case !addr.IsValid():
		return networks, 1
	case addr.Is4():
		bits, n = [Levels]int{32, 24}, 2
	}
	for level := range n {
		networks[level], _ = addr.Prefix(bits[level]) // the bits are within an address's
	}
	return networks, n
}

// Hierarchy keeps a value for each network of the addresses that it has seen, up to a number of networks. When it is
// full, it drops the values of the networks within a larger network, those of the fullest first, and from then on
// counts the larger one alone. So thousands of addresses cost only their own larger networks the distinction. Not safe
// for concurrent use.
type Hierarchy[T any] struct {
	max  int               // of networks; fixed if miss is not nil
	idle func(*T) bool     // fixed; reports whether a value says nothing, so that a new one may replace it
	miss func(a, b *T) int // fixed; orders values by what is lost with them; nil: none may be dropped

	networks map[netip.Prefix]*Network[T]
	folded   int // networks that count for those within them
}

// Network is a network that is kept. A holder of a pointer to it may change Value, whether the Hierarchy still keeps it
// or not.
type Network[T any] struct {
	Value T

	prefix netip.Prefix
	level  int
	parent *Network[T]
	within int // networks of the next level that are kept
	folded bool
}

// Path is the networks of an address that are kept, by level, the narrowest first. It has nil for a network that a
// larger one counts for, and beyond the address's last level.
type Path[T any] [Levels]*Network[T]

// NewHierarchy returns a Hierarchy of at most maxNetworks networks. idle reports whether a value says nothing. miss
// orders values by what is lost with them; if it is nil, no value is dropped, and the caller bounds how many there are.
func NewHierarchy[T any](maxNetworks int, idle func(*T) bool, miss func(a, b *T) int) *Hierarchy[T] {
	return &Hierarchy[T]{max: maxNetworks, idle: idle, miss: miss, networks: make(map[netip.Prefix]*Network[T])}
}

// Len returns how many networks are kept.
func (h *Hierarchy[T]) Len() int { return len(h.networks) }

// At returns the networks of an address. It adds those that are not kept yet.
func (h *Hierarchy[T]) At(addr netip.Addr) (p Path[T]) {
	switch {
	case len(h.networks)+Levels > h.max:
		h.shrink()
	case h.folded > 0 && len(h.networks) < h.max/2:
		h.unfold()
	}
	prefixes, n := networksOf(addr)
	var parent *Network[T]
	for level := n - 1; level >= 0 && (parent == nil || !parent.folded); level-- {
		in, ok := h.networks[prefixes[level]]
		if !ok {
			in = &Network[T]{prefix: prefixes[level], level: level, parent: parent}
			h.networks[in.prefix] = in
			if parent != nil {
				parent.within++
			}
		}
		p[level], parent = in, in
	}
	return p
}

// Leave forgets the networks of a path that are idle and contain no other network.
func (h *Hierarchy[T]) Leave(p *Path[T]) {
	for _, in := range p {
		if in != nil && in.within == 0 && h.idle(&in.Value) && h.networks[in.prefix] == in {
			h.forget(in)
		}
	}
}

func (h *Hierarchy[T]) forget(in *Network[T]) {
	delete(h.networks, in.prefix)
	if in.parent != nil {
		in.parent.within--
	}
	if in.folded {
		h.folded--
	}
}

// shrink frees a quarter of the table, so that as many new networks share its cost. It forgets idle networks, folds the
// fullest ones, and at last drops what is missed least.
func (h *Hierarchy[T]) shrink() {
	h.tidy()
	room := h.max * 3 / 4
	for level := 1; level < Levels && len(h.networks) > room; level++ {
		h.fold(level, len(h.networks)-room)
	}
	if len(h.networks) <= room {
		return
	}
	if h.miss == nil {
		h.max *= 2
		return
	}
	all := make([]*Network[T], 0, len(h.networks))
	for _, in := range h.networks {
		if in.within == 0 {
			all = append(all, in)
		}
	}
	slices.SortFunc(all, func(a, b *Network[T]) int { return h.miss(&a.Value, &b.Value) })
	for _, in := range all[:min(len(all), len(h.networks)-room)] {
		h.forget(in)
	}
}

// tidy forgets every idle network, narrower ones before those that contain them.
func (h *Hierarchy[T]) tidy() {
	for level := range Levels {
		for _, in := range h.networks {
			if in.level == level && in.within == 0 && h.idle(&in.Value) {
				h.forget(in)
			}
		}
	}
}

// fold makes networks of a level count for those within them, the fullest first, until so many fewer are kept.
func (h *Hierarchy[T]) fold(level, fewer int) {
	var full []*Network[T]
	for _, in := range h.networks {
		if in.level == level && in.within > 0 {
			full = append(full, in)
		}
	}
	slices.SortFunc(full, func(a, b *Network[T]) int { return cmp.Compare(b.within, a.within) })
	for _, in := range full {
		if fewer <= 0 {
			break
		}
		in.folded = true
		h.folded++
		fewer -= in.within
	}
	for below := range level { // the narrowest first, so that no network is forgotten before those within it
		for _, in := range h.networks {
			if in.level == below && in.within == 0 && in.inFolded() {
				h.forget(in)
			}
		}
	}
}

// inFolded reports whether a larger network counts for this one.
func (in *Network[T]) inFolded() bool {
	for in = in.parent; in != nil; in = in.parent {
		if in.folded {
			return true
		}
	}
	return false
}

// unfold counts all networks again, once there is room.
func (h *Hierarchy[T]) unfold() {
	for _, in := range h.networks {
		in.folded = false
	}
	h.folded = 0
}
