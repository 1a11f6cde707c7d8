package session

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"verbatim/wake"
)

// expiry is when a credential is over for a session or a stream that lives by it.
type expiry struct {
	whose leaver // fixed
	held         // guarded by expiries.mu
	ends  int64  // in nanoseconds since 1970; guarded by expiries.mu
	place int    // in the heap; -1: it is not there; guarded by expiries.mu
}

// expiries closes what lives by a credential when that is over: one place for a server instead of a timer for each
// session. Safe for concurrent use.
type expiries struct {
	once   sync.Once
	sooner wake.Signal // the earliest end is another one

	mu  sync.Mutex
	all expiryHeap // guarded by mu
}

// sweepEvery is the longest that a sweep sleeps: the clock that credentials count by may be set, and timers do not notice.
const sweepEvery = 10 * time.Second

// signal returns what wakes the sweep.
func (x *expiries) signal() wake.Signal {
	x.once.Do(func() { x.sooner = wake.New() })
	return x.sooner
}

// add has one end at a time. It may be added again, with a later or an earlier time.
func (x *expiries) add(e *expiry, at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e.ends = at.UnixNano()
	if e.place < 0 {
		heap.Push(&x.all, e)
	} else {
		heap.Fix(&x.all, e.place)
	}
	if e.place == 0 {
		x.signal().Wake()
	}
}

// remove takes one out, if it is there.
func (x *expiries) remove(e *expiry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.place >= 0 {
		heap.Remove(&x.all, e.place)
	}
}

// take takes one out that is over now, or returns nil and how long it is until there is one.
func (x *expiries) take() (*expiry, time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.all) == 0 {
		return nil, sweepEvery
	}
	if wait := time.Until(time.Unix(0, x.all[0].ends)); wait > 0 {
		return nil, min(wait, sweepEvery)
	}
	return heap.Pop(&x.all).(*expiry), 0
}

// Expire ends the sessions and streams whose credentials are over, each Limits.TokenGrace after that. It returns when ctx
// ends. Where nothing has a credential that ends, it need not run.
func (e *Env) Expire(ctx context.Context) {
	timer := time.NewTimer(sweepEvery)
	defer timer.Stop()
	for {
		over, wait := e.expiries.take()
		if over != nil {
			e.reading.dismiss(over.whose, expired)
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-e.expiries.signal():
		case <-ctx.Done():
			return
		}
	}
}

// expiryHeap is container/heap's, the earliest end first.
type expiryHeap []*expiry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, k int) bool { return h[i].ends < h[k].ends }
func (h expiryHeap) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].place = i
	h[k].place = k
}

// Push is container/heap's.
func (h *expiryHeap) Push(x any) {
	e := x.(*expiry)
	e.place = len(*h)
	*h = append(*h, e)
}

// Pop is container/heap's.
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.place = -1
	return e
}
