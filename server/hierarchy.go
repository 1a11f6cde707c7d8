package server

import (
	"cmp"
	"net/netip"
	"slices"
)

// levels is how many networks of an address are looked at, at most.
const levels = 3

// wider is how much more a network may take than each of those within it. So one customer who has many addresses, or many
// small networks, is held to what their larger network may take.
const wider = 4

// allowed is what a network of that level may take where the narrowest may take n.
func allowed(n, level int) int {
	for range level {
		n *= wider
	}
	return n
}

// networksOf returns the networks that an address is in, the narrowest first, and how many they are: of IPv4 /32 and /24, of
// IPv6 /64, /56 and /48, which are what one customer has, often has and may have. All whose address is unknown are in one.
func networksOf(addr netip.Addr) (networks [levels]netip.Prefix, n int) {
	bits := [levels]int{64, 56, 48}
	n = levels
	switch addr = plain(addr); {
	case !addr.IsValid():
		return networks, 1
	case addr.Is4():
		bits, n = [levels]int{32, 24}, 2
	}
	for level := range n {
		networks[level], _ = addr.Prefix(bits[level]) // the bits are within an address's
	}
	return networks, n
}

// hierarchy keeps a value for each network that addresses are in. It has room for so many; when it is full, the values of
// the networks within a larger one are dropped, those of the fullest first, and from then on that larger one's value alone
// counts for them. So addresses by the thousand cost their own larger networks the distinction, and nobody else anything.
// Not safe for concurrent use.
type hierarchy[T any] struct {
	most int               // of networks; fixed where miss is there
	idle func(*T) bool     // fixed; whether a value says nothing, so that a new one may stand for it
	miss func(a, b *T) int // fixed; orders values by what is lost with them; nil: none may be dropped, and what they stand for is bounded elsewhere

	networks map[netip.Prefix]*network[T]
	folded   int // networks that stand for those within them
}

// network is one of them. Who holds a pointer to it may change its value, whatever has become of it.
type network[T any] struct {
	prefix netip.Prefix
	level  int
	parent *network[T]
	within int // networks of the next level that are kept
	folded bool
	value  T
}

// path is the networks of an address that are kept, by level; nil where a larger one stands for it, or there is none.
type path[T any] [levels]*network[T]

func newHierarchy[T any](most int, idle func(*T) bool, miss func(a, b *T) int) *hierarchy[T] {
	return &hierarchy[T]{most: most, idle: idle, miss: miss, networks: make(map[netip.Prefix]*network[T])}
}

// at returns the networks of an address, which are made where they are not kept yet.
func (h *hierarchy[T]) at(addr netip.Addr) (p path[T]) {
	switch {
	case len(h.networks)+levels > h.most:
		h.shrink()
	case h.folded > 0 && len(h.networks) < h.most/2:
		h.unfold()
	}
	prefixes, n := networksOf(addr)
	var parent *network[T]
	for level := n - 1; level >= 0 && (parent == nil || !parent.folded); level-- {
		in, ok := h.networks[prefixes[level]]
		if !ok {
			in = &network[T]{prefix: prefixes[level], level: level, parent: parent}
			h.networks[in.prefix] = in
			if parent != nil {
				parent.within++
			}
		}
		p[level], parent = in, in
	}
	return p
}

// leave forgets the networks of a path that are idle and stand for nothing else.
func (h *hierarchy[T]) leave(p *path[T]) {
	for _, in := range p {
		if in != nil && in.within == 0 && h.idle(&in.value) && h.networks[in.prefix] == in {
			h.forget(in)
		}
	}
}

func (h *hierarchy[T]) forget(in *network[T]) {
	delete(h.networks, in.prefix)
	if in.parent != nil {
		in.parent.within--
	}
	if in.folded {
		h.folded--
	}
}

// shrink makes room for a quarter of what there is room for, so that its cost is shared by as many newcomers: it forgets what
// is idle, folds the fullest networks, and at last drops what is missed least.
func (h *hierarchy[T]) shrink() {
	h.tidy()
	room := h.most * 3 / 4
	for level := 1; level < levels && len(h.networks) > room; level++ {
		h.fold(level, len(h.networks)-room)
	}
	if len(h.networks) <= room {
		return
	}
	if h.miss == nil {
		h.most *= 2
		return
	}
	all := make([]*network[T], 0, len(h.networks))
	for _, in := range h.networks {
		if in.within == 0 {
			all = append(all, in)
		}
	}
	slices.SortFunc(all, func(a, b *network[T]) int { return h.miss(&a.value, &b.value) })
	for _, in := range all[:min(len(all), len(h.networks)-room)] {
		h.forget(in)
	}
}

// tidy forgets every network that is idle, the narrower ones before those that they are within.
func (h *hierarchy[T]) tidy() {
	for level := range levels {
		for _, in := range h.networks {
			if in.level == level && in.within == 0 && h.idle(&in.value) {
				h.forget(in)
			}
		}
	}
}

// fold lets networks of that level stand for those within them, the fullest first, until so many fewer are kept.
func (h *hierarchy[T]) fold(level, fewer int) {
	var full []*network[T]
	for _, in := range h.networks {
		if in.level == level && in.within > 0 {
			full = append(full, in)
		}
	}
	slices.SortFunc(full, func(a, b *network[T]) int { return cmp.Compare(b.within, a.within) })
	for _, in := range full {
		if fewer <= 0 {
			break
		}
		in.folded = true
		h.folded++
		fewer -= in.within
	}
	for below := range level { // the narrowest first, so that none is forgotten before those within it
		for _, in := range h.networks {
			if in.level == below && in.within == 0 && in.folds() {
				h.forget(in)
			}
		}
	}
}

// folds reports whether a larger network stands for this one.
func (in *network[T]) folds() bool {
	for in = in.parent; in != nil; in = in.parent {
		if in.folded {
			return true
		}
	}
	return false
}

// unfold tells networks apart again, once there is room.
func (h *hierarchy[T]) unfold() {
	for _, in := range h.networks {
		in.folded = false
	}
	h.folded = 0
}
