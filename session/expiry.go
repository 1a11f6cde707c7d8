package session

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"verbatim/wake"
)

// expiry is when what lives by a credential is told to leave, and what is kept of the credential. It is small, since
// ten thousand sessions have one.
type expiry struct {
	held        // guarded by expiries.mu
	ends  int64 // in nanoseconds since 1970. Its owner sets it, by expiries.add, and may read it
	place int32 // in the heap, from 1; 0: it is not there; guarded by expiries.mu
}

// life is what a session lives by: until when, and what it may do.
type life struct {
	expiry
	rights
}

// mortal is a session or a stream that lives by a credential.
type mortal interface {
	leaver
	expiry() *expiry
}

// expiries closes what lives by a credential when that is over: one place for a server instead of a timer for each
// session. Safe for concurrent use.
type expiries struct {
	once   sync.Once
	sooner wake.Signal // the earliest end is another one

	mu  sync.Mutex
	all expiryHeap // guarded by mu
}

// sweepEvery is the longest that a sweep sleeps: the clock that credentials count by may be set, and timers do not
// notice.
const sweepEvery = 10 * time.Second

// sweepRun is how many are told to leave between two rests of departureTick: 2,500 a second, so that thousands whose
// tokens end in the same second do not make all others wait.
const sweepRun = 25

// signal returns what wakes the sweep.
func (x *expiries) signal() wake.Signal {
	x.once.Do(func() { x.sooner = wake.New() })
	return x.sooner
}

// add adds one, or moves it to a later or an earlier time.
func (x *expiries) add(m mortal, at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := m.expiry()
	if e.ends = at.UnixNano(); e.place == 0 {
		heap.Push(&x.all, m)
	} else {
		heap.Fix(&x.all, int(e.place)-1)
	}
	if e.place == 1 {
		x.signal().Wake()
	}
}

// remove takes one out, if it is there.
func (x *expiries) remove(m mortal) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e := m.expiry(); e.place > 0 {
		heap.Remove(&x.all, int(e.place)-1)
	}
}

// take takes one out that is over now, or returns nil and how long it is until there is one.
func (x *expiries) take() (mortal, time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.all) == 0 {
		return nil, sweepEvery
	}
	if wait := time.Until(time.Unix(0, x.all[0].expiry().ends)); wait > 0 {
		return nil, min(wait, sweepEvery)
	}
	return heap.Pop(&x.all).(mortal), 0
}

// Expire ends the sessions and streams whose credentials are over, each Limits.TokenGrace after that, or a little later
// if they are thousands. It returns when ctx ends. If nothing has a credential that ends, it need not run.
func (e *Env) Expire(ctx context.Context) {
	timer := time.NewTimer(sweepEvery)
	defer timer.Stop()
	for told := 0; ; {
		over, wait := e.expiries.take()
		if over != nil {
			e.reading.dismiss(over, expired)
			if told++; told < sweepRun {
				continue
			}
			wait = departureTick
		}
		told = 0
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
type expiryHeap []mortal

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, k int) bool { return h[i].expiry().ends < h[k].expiry().ends }
func (h expiryHeap) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h.placed(i)
	h.placed(k)
}

func (h expiryHeap) placed(i int) { h[i].expiry().place = int32(i) + 1 }

// Push is container/heap's.
func (h *expiryHeap) Push(m any) {
	*h = append(*h, m.(mortal))
	h.placed(len(*h) - 1)
}

// Pop is container/heap's.
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	m.expiry().place = 0
	return m
}
