package server

import (
	"cmp"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"verbatim/protocol"
)

// mostNetworks bounds what is remembered of addresses for each limit: some 8 MB.
const mostNetworks = 1 << 15

// places are what addresses may hold at a time, such as connections: so many in all, and so many for each network.
// Safe for concurrent use.
type places struct {
	most, each int // fixed; each 0: no limit

	mu       sync.Mutex
	taken    int             // guarded by mu
	networks *hierarchy[int] // guarded by mu; how many are taken
}

// place is what take gives and free takes back.
type place struct{ networks path[int] }

func newPlaces(most, each int) *places {
	return &places{most: most, each: each, networks: newHierarchy(mostNetworks, func(n *int) bool { return *n == 0 }, nil)}
}

// take takes a place, which free gives back, or returns false where there is none.
func (p *places) take(addr netip.Addr) (place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.most {
		return place{}, false
	}
	if p.each == 0 {
		p.taken++
		return place{}, true
	}
	at := p.networks.at(addr)
	for level, in := range at {
		if in != nil && in.value >= allowed(p.each, level) {
			p.networks.leave(&at)
			return place{}, false
		}
	}
	for _, in := range at {
		if in != nil {
			in.value++
		}
	}
	p.taken++
	return place{at}, true
}

func (p *places) free(taken place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	for _, in := range taken.networks {
		if in != nil {
			in.value--
		}
	}
	p.networks.leave(&taken.networks)
}

func (p *places) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// rates is the rate of POSTs of each network. Safe for concurrent use.
type rates struct {
	perSecond int // fixed; 0: no limit
	now       func() time.Time

	mu       sync.Mutex
	networks *hierarchy[bucket] // guarded by mu
	tidied   time.Time          // guarded by mu; when idle networks were forgotten last
}

// bucket is a network's rate; nil: nothing was taken from it yet.
type bucket struct{ *rate.Limiter }

func newRates(perSecond int) *rates {
	r := &rates{perSecond: perSecond, now: time.Now}
	r.networks = newHierarchy(mostNetworks,
		func(b *bucket) bool { return b.Limiter == nil || b.missing(r.now()) <= 0 },
		func(a, b *bucket) int { now := r.now(); return cmp.Compare(a.missing(now), b.missing(now)) })
	return r
}

// missing is what part of the bucket is not full: nothing is lost with a full one.
func (b *bucket) missing(now time.Time) float64 { return 1 - b.TokensAt(now)/float64(b.Burst()) }

// tidyEvery is how often idle networks are forgotten, where there is room for them.
const tidyEvery = time.Minute

// allow takes one from the rate of each network that the address is in, or says when to come again.
func (r *rates) allow(addr netip.Addr) *protocol.Error {
	if r.perSecond == 0 {
		return nil
	}
	now := r.now()
	wait := r.take(addr, now)
	if wait == 0 {
		return nil
	}
	return &protocol.Error{
		Code: protocol.CodeRateLimited, RetryAfter: wait,
		Reason: "this address, or the network that it is in, sends too fast: wait as long as Retry-After says, or let the server be started with a higher --send-rate",
	}
}

// take returns how long to wait, or 0 where one was taken.
func (r *rates) take(addr netip.Addr, now time.Time) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.tidied) >= tidyEvery {
		r.networks.tidy()
		r.tidied = now
	}
	var taken [levels]*rate.Reservation
	for level, in := range r.networks.at(addr) {
		if in == nil {
			continue
		}
		if in.value.Limiter == nil {
			n := allowed(r.perSecond, level)
			in.value.Limiter = rate.NewLimiter(rate.Limit(n), 2*n)
		}
		taken[level] = in.value.ReserveN(now, 1)
		wait = max(wait, taken[level].DelayFrom(now))
	}
	for _, reservation := range taken {
		if reservation != nil && wait > 0 {
			reservation.CancelAt(now)
		}
	}
	return wait
}
