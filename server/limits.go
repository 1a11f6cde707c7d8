package server

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"verbatim/protocol"
)

// places counts WebSocket connections, in all and for each address. Safe for concurrent use.
type places struct {
	most, mostEach int // fixed; mostEach 0: no limit

	mu    sync.Mutex
	taken int                // guarded by mu; those that are being refused count too
	each  map[netip.Addr]int // guarded by mu
}

// A verdict is how a new connection is met.
type verdict int

const (
	welcome  verdict = iota // there is a place
	crowded                 // over the limit: the upgrade is completed, and closed with 1013
	overfull                // so far over it that even that is too much: HTTP 503, and no place was taken
)

func newPlaces(most, mostEach int) *places {
	return &places{most: most, mostEach: mostEach, each: make(map[netip.Addr]int)}
}

// take takes a place, which free gives back unless the verdict is overfull.
func (p *places) take(addr netip.Addr) verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := judge(p.taken+1, p.most)
	if p.mostEach > 0 {
		v = max(v, judge(p.each[addr]+1, p.mostEach))
	}
	if v != overfull {
		p.taken++
		p.each[addr]++
	}
	return v
}

// judge allows a tenth more than the limit, and at least one, to be told kindly that it is full.
func judge(n, most int) verdict {
	switch {
	case n <= most:
		return welcome
	case n <= most+max(1, most/10):
		return crowded
	default:
		return overfull
	}
}

func (p *places) free(addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.each[addr]--; p.each[addr] == 0 {
		delete(p.each, addr)
	}
}

// rates is the rate of POSTs of each address. Safe for concurrent use.
type rates struct {
	limit rate.Limit // fixed; 0: no limit
	burst int
	now   func() time.Time

	others *rate.Limiter // fixed; shared by the addresses for which there is no room

	mu     sync.Mutex
	each   map[netip.Addr]*rate.Limiter // guarded by mu; at most mostAddresses
	forgot time.Time                    // guarded by mu; when forget last ran
}

// mostAddresses bounds the limiters' memory, about 200 bytes each.
const mostAddresses = 10_000

func newRates(perSecond int) *rates {
	r := &rates{limit: rate.Limit(perSecond), burst: 2 * perSecond, now: time.Now, each: make(map[netip.Addr]*rate.Limiter)}
	r.others = rate.NewLimiter(r.limit, r.burst)
	return r
}

// allow takes one from the address's rate, or says when to come again.
func (r *rates) allow(addr netip.Addr) *protocol.Error {
	if r.limit == 0 {
		return nil
	}
	now := r.now()
	reservation := r.limiter(addr, now).ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reservation.CancelAt(now)
	return &protocol.Error{
		Code: protocol.CodeRateLimited, RetryAfter: wait,
		Reason: "this address sends too fast: wait as long as Retry-After says, or let the server be started with a higher --rate",
	}
}

func (r *rates) limiter(addr netip.Addr, now time.Time) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.each[addr]
	if ok {
		return l
	}
	if len(r.each) >= mostAddresses && now.Sub(r.forgot) >= time.Second { // not for each of a flood
		r.forget(now)
		r.forgot = now
	}
	if len(r.each) >= mostAddresses {
		return r.others
	}
	l = rate.NewLimiter(r.limit, r.burst)
	r.each[addr] = l
	return l
}

// forget drops the limiters that are full again: a new one would say the same.
func (r *rates) forget(now time.Time) {
	for addr, l := range r.each {
		if l.TokensAt(now) >= float64(r.burst) {
			delete(r.each, addr)
		}
	}
}
