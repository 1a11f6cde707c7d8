package server

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlacesAreCountedInAllAndForEachAddress(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	p := newPlaces(20, 10)
	take := func(addr netip.Addr, n int, want verdict) {
		t.Helper()
		for range n {
			if got := p.take(addr); got != want {
				t.Fatalf("take %v with %d taken: got %d, want %d", addr, p.taken, got, want)
			}
		}
	}
	take(a, 10, welcome)
	take(a, 1, crowded)
	take(a, 1, overfull)
	take(b, 9, welcome)
	take(b, 1, crowded) // over the limit for all, not over its own
	take(b, 1, crowded)
	take(b, 1, overfull)
	for range 11 {
		p.free(a)
		p.free(b)
	}
	if p.taken != 0 || len(p.each) != 0 {
		t.Errorf("after all were freed: taken %d, addresses %d, want none", p.taken, len(p.each))
	}
}

func TestASmallLimitStillLeavesAPlaceToBeToldSo(t *testing.T) {
	t.Parallel()
	p := newPlaces(1, 0)
	addr := netip.MustParseAddr("::1")
	for _, want := range []verdict{welcome, crowded, overfull, overfull} {
		if got := p.take(addr); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

func TestAnAddressIsHeldToItsRateAndForgottenWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRates(10)
		addr := netip.MustParseAddr("10.0.0.1")
		for i := range 20 {
			if err := r.allow(addr); err != nil {
				t.Fatalf("send %d of the burst: %v", i, err)
			}
		}
		if err := r.allow(addr); err == nil || err.RetryAfter != 100*time.Millisecond {
			t.Errorf("beyond the burst: got %v, want to wait 100ms", err)
		}
		if err := r.allow(netip.MustParseAddr("10.0.0.2")); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(100 * time.Millisecond) // of the bubble's clock
		if err := r.allow(addr); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		for i := range 3 * mostAddresses {
			_ = r.allow(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}))
		}
		if n := len(r.each); n > mostAddresses {
			t.Errorf("limiters: got %d, want at most %d", n, mostAddresses)
		}
		time.Sleep(time.Minute)
		_ = r.allow(netip.MustParseAddr("10.0.0.3"))
		if n := len(r.each); n != 1 {
			t.Errorf("limiters after a minute of silence: got %d, want 1", n)
		}
	})
}

func TestAnAddressIsOneIPv4OrOneIPv6Network(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"10.0.0.1:1234":                  "10.0.0.1",
		"[::ffff:10.0.0.1]:1":            "10.0.0.1",
		"[2001:db8:1:2:3:4:5:6]:443":     "2001:db8:1:2::",
		"[2001:db8:1:2:ffff::1%eth0]:80": "2001:db8:1:2::",
		"[::1]:9":                        "::1",
	} {
		if got := address(&http.Request{RemoteAddr: remote}).String(); got != want {
			t.Errorf("%s: got %s, want %s", remote, got, want)
		}
	}
}

func TestPostsOverTheRateGet429WithRetryAfter(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--rate", "1")
	var refused answer
	for i := range 10 {
		refused = ts.post("lobby", fmt.Sprintf(`{"from":"bot","text":"%d"}`, i))
		if refused.status != http.StatusCreated {
			break
		}
	}
	refused.refuses(t, http.StatusTooManyRequests, "rate_limited", "Retry-After")
	if got := refused.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: got %q, want 1", got)
	}
	ts.get("/api/conversations/lobby/messages").is(t, 200) // reading has no rate
}
