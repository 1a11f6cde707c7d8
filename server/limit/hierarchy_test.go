package limit

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anAddress draws from few networks, so that they fill, and from many, so that the table does.
func anAddress(t *rapid.T) netip.Addr {
	if rapid.Bool().Draw(t, "IPv4") {
		return netip.AddrFrom4([4]byte{10, 0, rapid.Byte().Draw(t, "/24"), rapid.ByteRange(0, 3).Draw(t, "/32")})
	}
	addr := netip.MustParseAddr("2001:db8::1").As16()
	addr[5] = rapid.ByteRange(0, 20).Draw(t, "/48")
	addr[6] = rapid.ByteRange(0, 3).Draw(t, "/56")
	addr[7] = rapid.Byte().Draw(t, "/64")
	addr[15] = rapid.ByteRange(0, 1).Draw(t, "host")
	return netip.AddrFrom16(addr)
}

// held is what a model counts: how many places each network has.
type held map[netip.Prefix]int

func (h held) add(addr netip.Addr, n int) {
	networks, count := networksOf(addr)
	for _, in := range networks[:count] {
		h[in] += n
	}
}

// room reports whether every network of an address has a place left, those from a level on.
func (h held) room(addr netip.Addr, each, from int) bool {
	networks, count := networksOf(addr)
	for level := from; level < count; level++ {
		if h[networks[level]] >= Allowed(each, level) {
			return false
		}
	}
	return true
}

func TestNoNetworkHoldsMoreThanItsPlacesAndNobodyIsRefusedOverAnothers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const each = 2
		table := rapid.IntRange(12, 400).Draw(t, "table")
		p := NewConnections(1_000_000, each)
		p.networks.max = table
		model, taken := held{}, map[netip.Addr][]Slot{}
		var addrs []netip.Addr
		everFolded := false
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if len(addrs) > 0 && rapid.IntRange(0, 2).Draw(t, "frees") == 0 {
				i := rapid.IntRange(0, len(addrs)-1).Draw(t, "which")
				addr := addrs[i]
				addrs[i] = addrs[len(addrs)-1]
				addrs = addrs[:len(addrs)-1]
				p.Free(taken[addr][0])
				taken[addr] = taken[addr][1:]
				model.add(addr, -1)
				continue
			}
			addr := anAddress(t)
			at, ok := p.Take(addr)
			everFolded = everFolded || p.networks.folded > 0
			_, levels := networksOf(addr)
			switch {
			case ok && !model.room(addr, each, levels-1):
				t.Fatalf("%v got a place, and its widest network has as many as it may have", addr)
			case ok && !everFolded && !model.room(addr, each, 0):
				t.Fatalf("%v got a place beyond what its networks may have", addr)
			case !ok && model.room(addr, each, 0):
				t.Fatalf("%v got no place, and its networks have some", addr)
			}
			if ok {
				model.add(addr, 1)
				addrs, taken[addr] = append(addrs, addr), append(taken[addr], at)
			}
		}
		for addr, places := range taken {
			for _, at := range places {
				p.Free(at)
			}
			_ = addr
		}
		if p.taken != 0 || len(p.networks.networks) != 0 || p.networks.folded != 0 {
			t.Fatalf("all was freed: %d are taken, %d networks are kept, %d folded", p.taken, len(p.networks.networks), p.networks.folded)
		}
	})
}

func TestTheTableOfRatesIsBoundedAndANewcomerAlwaysHasItsBurst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		table := rapid.IntRange(12, 300).Draw(t, "table")
		r := NewRate(1)
		now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
		r.now = func() time.Time { return now }
		r.networks.max = table
		sent := map[netip.Prefix]int{} // since the last pause
		for i := range rapid.IntRange(1, 400).Draw(t, "posts") {
			addr := anAddress(t)
			networks, n := networksOf(addr)
			widest := networks[n-1]
			if err := r.Allow(addr); err == nil {
				sent[widest]++
			} else if sent[widest] == 0 {
				t.Fatalf("post %d: %v is the first of %v, and was refused: %v", i, addr, widest, err)
			}
			if len(r.networks.networks) > table {
				t.Fatalf("post %d: %d networks are kept, and there is room for %d", i, len(r.networks.networks), table)
			}
			if rapid.IntRange(0, 50).Draw(t, "pause") == 0 {
				now = now.Add(3 * time.Second) // every bucket is full again
				clear(sent)
			}
		}
		// Each network is within its parent, and counted there.
		within := map[netip.Prefix]int{}
		for prefix, in := range r.networks.networks {
			if in.parent != nil {
				if r.networks.networks[in.parent.prefix] != in.parent {
					t.Fatalf("%v is kept, and what it is within is not", prefix)
				}
				within[in.parent.prefix]++
			}
		}
		for prefix, in := range r.networks.networks {
			if in.within != within[prefix] || in.folded && in.within > 0 {
				t.Fatalf("%v counts %d within it, and there are %d; folded: %v", prefix, in.within, within[prefix], in.folded)
			}
		}
	})
}

func TestAnAddressIsInItsNetworks(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string][]string{
		"10.1.2.3":             {"10.1.2.3/32", "10.1.2.0/24"},
		"::ffff:10.1.2.3":      {"10.1.2.3/32", "10.1.2.0/24"},
		"2001:db8:1:2:3:4:5:6": {"2001:db8:1:2::/64", "2001:db8:1::/56", "2001:db8:1::/48"},
		"2001:db8:1:abcd::1":   {"2001:db8:1:abcd::/64", "2001:db8:1:ab00::/56", "2001:db8:1::/48"},
		"fe80:0:0:0:1::1%eth0": {"fe80::/64", "fe80::/56", "fe80::/48"},
		"::1":                  {"::/64", "::/56", "::/48"},
	} {
		networks, n := networksOf(netip.MustParseAddr(addr))
		for level, in := range networks[:n] {
			if n != len(want) || in.String() != want[level] {
				t.Errorf("%s: level %d: got %v of %d, want %v", addr, level, in, n, want)
			}
		}
	}
	if networks, n := networksOf(netip.Addr{}); n != 1 || networks[0].IsValid() {
		t.Errorf("an address that is not known: got %v, %d", networks, n)
	}
}
