package limit

import (
	"cmp"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"verbatim/protocol"
)

// Rate bounds how many requests a second come from each network. Safe for concurrent use.
type Rate struct {
	perSecond int // fixed; 0: no limit
	now       func() time.Time

	mu       sync.Mutex
	networks *Hierarchy[bucket] // guarded by mu
	tidied   time.Time          // guarded by mu; when idle networks were forgotten last
}

// bucket is a network's token bucket; nil: nothing was taken from it yet.
type bucket struct{ *rate.Limiter }

// NewRate returns a limiter of so many requests a second from each address, in bursts of twice that; 0: no limit.
func NewRate(perSecond int) *Rate {
	r := &Rate{perSecond: perSecond, now: time.Now}
	r.networks = NewHierarchy(MaxNetworks,
		func(b *bucket) bool { return b.Limiter == nil || b.missing(r.now()) <= 0 },
		func(a, b *bucket) int { now := r.now(); return cmp.Compare(a.missing(now), b.missing(now)) })
	return r
}

// missing returns which part of the bucket is used up. A full bucket can be forgotten.
func (b *bucket) missing(now time.Time) float64 { return 1 - b.TokensAt(now)/float64(b.Burst()) }

// tidyEvery is how often idle networks are forgotten while the table has room.
const tidyEvery = time.Minute

// Allow takes one request from the rate of each network of the address, or returns an error that says when to try
// again.
func (r *Rate) Allow(addr netip.Addr) *protocol.Error {
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
		Reason: "this address, or its network, sends too fast: wait as long as Retry-After says, " +
			"or start the server with a higher --send-rate",
	}
}

// take returns how long to wait, or 0 if a request was taken.
func (r *Rate) take(addr netip.Addr, now time.Time) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.tidied) >= tidyEvery {
		r.networks.tidy()
		r.tidied = now
	}

	var taken [Levels]*rate.Reservation
	for level, in := range r.networks.At(addr) {
		if in == nil {
			continue
		}
		if in.Value.Limiter == nil {
			n := Allowed(r.perSecond, level)
			in.Value.Limiter = rate.NewLimiter(rate.Limit(n), 2*n)
		}
		taken[level] = in.Value.ReserveN(now, 1)
		wait = max(wait, taken[level].DelayFrom(now))
	}

	for _, reservation := range taken {
		if reservation != nil && wait > 0 {
			reservation.CancelAt(now)
		}
	}
	return wait
}
