package limit

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlacesAreCountedInAllAndForEachNetwork(t *testing.T) {
	t.Parallel()
	p := NewConnections(100, 2)
	var taken []Slot
	take := func(addr string, want bool) {
		t.Helper()
		at, ok := p.Take(netip.MustParseAddr(addr))
		if ok != want {
			t.Fatalf("%s with %d taken: got a place: %v, want %v", addr, p.taken, ok, want)
		}
		if ok {
			taken = append(taken, at)
		}
	}
	for _, addr := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"} { // a /24 has 4 times the places
		take(addr, true)
		take(addr, true)
		take(addr, false)
	}
	take("10.0.0.5", false)
	take("::ffff:10.0.1.5", true)
	for subnet := range 16 { // a /48 has 16 times the places, each /56 within it 8
		for range 2 {
			take(fmt.Sprintf("2001:db8:1:%x::%x", subnet*0x40, subnet), true)
		}
		take(fmt.Sprintf("2001:db8:1:%x::ffff", subnet*0x40), false)
	}
	take("2001:db8:1:ff00::1", false)
	take("2001:db8:2::1", true)
	for i := range 4 {
		at := fmt.Sprintf("2001:db8:3:%x::1", i)
		take(at, true)
		take(at, true)
	}
	take("2001:db8:3:5::1", false) // its /56 is full, its /48 is not
	take("2001:db8:3:100::1", true)
	for _, at := range taken {
		p.Free(at)
	}
	if p.Taken() != 0 || len(p.networks.networks) != 0 {
		t.Errorf("after all were freed: taken %d, networks %d, want none", p.taken, len(p.networks.networks))
	}
}

func TestPlacesHaveABoundInAll(t *testing.T) {
	t.Parallel()
	p := NewConnections(2, 0)
	first, _ := p.Take(netip.MustParseAddr("10.0.0.1"))
	_, second := p.Take(netip.MustParseAddr("10.0.0.1"))
	_, third := p.Take(netip.MustParseAddr("10.9.0.1"))
	if !second || third {
		t.Errorf("the second: %v, the third: %v, want a place for the second alone", second, third)
	}
	p.Free(first)
	if _, ok := p.Take(netip.Addr{}); !ok {
		t.Error("a place was freed, and is not given again")
	}
}

func TestAnAddressIsHeldToItsRateAndForgottenWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(10)
		addr := netip.MustParseAddr("10.0.0.1")
		for i := range 20 {
			if err := r.Allow(addr); err != nil {
				t.Fatalf("send %d of the burst: %v", i, err)
			}
		}
		if err := r.Allow(addr); err == nil || err.RetryAfter != 100*time.Millisecond {
			t.Errorf("beyond the burst: got %v, want to wait 100ms", err)
		}
		if err := r.Allow(netip.MustParseAddr("10.0.0.2")); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(100 * time.Millisecond) // of the bubble's clock
		if err := r.Allow(addr); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		for range 1000 {
			_ = r.Allow(addr) // what is refused costs nobody anything
		}
		for i := range 20 {
			if err := r.Allow(netip.MustParseAddr("10.0.0.3")); err != nil {
				t.Fatalf("send %d of a neighbour's burst: %v", i, err)
			}
		}
		time.Sleep(2 * time.Minute)
		_ = r.Allow(netip.MustParseAddr("10.9.0.3"))
		if n := len(r.networks.networks); n != 2 { // its /32 and its /24
			t.Errorf("networks after two minutes of silence: got %d, want 2", n)
		}
	})
}

func TestANetworkIsHeldToFourTimesTheRateOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			address func(i int) netip.Addr
			want    int
		}{
			{func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}) }, 4},
			{func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i)) }, 4},
			{func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:1:%x::1", i<<8)) }, 16},
			{func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:2:3::%x", i)) }, 1},
			{func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:%x::1", 0x100+i)) }, 200},
		} {
			r, allowed := NewRate(5), 0
			for i := range 2000 {
				if r.Allow(row.address(i%200)) == nil {
					allowed++
				}
			}
			if want := row.want * 10; allowed != want {
				t.Errorf("%v and 199 like it: %d were let through at once, want %d", row.address(0), allowed, want)
			}
		}
	})
}

func TestNewcomersArePostingWhileOthersPostFromThousandsOfNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(50)
		attack := func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff)) }
		for i := range 4 * MaxNetworks {
			_ = r.Allow(attack(i * 7))
			if i%1000 == 0 {
				honest := netip.AddrFrom4([4]byte{198, byte(i >> 16), byte(i >> 8), 1})
				for range 100 { // its whole burst
					if err := r.Allow(honest); err != nil {
						t.Fatalf("after %d posts of others, an honest newcomer: %v", i, err)
					}
				}
			}
			if n := len(r.networks.networks); n > MaxNetworks {
				t.Fatalf("networks: got %d, want at most %d", n, MaxNetworks)
			}
		}
	})
}
