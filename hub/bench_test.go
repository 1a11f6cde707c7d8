package hub

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"verbatim/persistence"
)

// arrivals counts down the wakes of a publish, and says when the last one has come.
type arrivals struct {
	left atomic.Int64
	all  chan struct{} // capacity 1
}

// Wake is that of each member.
func (a *arrivals) Wake() {
	if a.left.Add(-1) == 0 {
		a.all <- struct{}{}
	}
}

// One publish, through the shard's queue, until each of the conversation's members was woken. The members' sessions do
// nothing. The entries' bytes are made before, as by the commit; what holds them is one allocation of the benchmark.
func BenchmarkPublish(b *testing.B) {
	for _, members := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) { publishTo(b, members) })
	}
}

func publishTo(b *testing.B, count int) {
	h := New(persistence.New(&tails{}, nil, 1000, Options{}.Log), Options{Goroutines: 1})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { // the benchmark's; ends with ctx
		defer close(ended)
		_ = h.Run(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()

	a := &arrivals{all: make(chan struct{}, 1)}
	members := make([]*Member, count)
	for i := range members {
		members[i] = &Member{Kind: Waiting, Waker: a} // no tick wakes these, so that each wake is a publish's
		h.Join(members[i], "lobby")
	}

	one := someEntries(1, 1, 100)
	next := one.First
	b.ReportAllocs()
	for b.Loop() {
		a.left.Store(int64(count))
		h.Publish("lobby", &persistence.Entries{First: next, Frames: one.Frames, Ends: one.Ends})
		<-a.all
		next++
		for _, m := range members {
			m.Awake()
		}
	}
	if got := members[0].Last(); got != next-1 {
		b.Errorf("the ring ends at %d, want %d", got, next-1)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/member")
}
