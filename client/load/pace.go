package load

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// publish has all publishers publish until end, or the end of ctx. late is how many messages of an open loop were due and
// could not be sent by then.
func (r *run) publish(ctx context.Context, end time.Time) (late int64) {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	r.publishing.Store(true)
	var beside sync.WaitGroup
	if r.o.ReconnectEvery > 0 {
		beside.Go(func() { r.storm(ctx) }) // ends with ctx
	}
	if r.o.Rate > 0 {
		beside.Go(func() { late = r.pace(ctx) }) // ends with ctx
	} else {
		for _, room := range r.rooms {
			for _, p := range room.publishers {
				p.mu.Lock()
				p.fill()
				p.mu.Unlock()
			}
		}
	}
	<-ctx.Done()
	r.publishing.Store(false)
	beside.Wait()
	return late
}

// pace sends each message when it is due, whatever became of those before. Where a publisher's outbox is full it waits;
// those behind are late then, which their latency says, since it counts from when they were due.
func (r *run) pace(ctx context.Context) (late int64) {
	var publishers []*member
	for j := range r.o.Publishers { // in turn over the conversations
		for _, room := range r.rooms {
			publishers = append(publishers, room.publishers[j])
		}
	}
	gap, sent := float64(time.Second)/r.o.Rate, int64(0)
	start := r.now()
	for i := int64(0); ; i++ {
		due := start + int64(float64(i)*gap)
		if !r.sleepUntil(ctx, due) {
			break
		}
		p := publishers[i%int64(len(publishers))]
		p.mu.Lock()
		err := p.publish(ctx, due, true)
		p.mu.Unlock()
		if err != nil {
			break
		}
		sent = i + 1
	}
	return max(0, int64(float64(min(r.now(), r.to.Load())-start)/gap)-sent)
}

// sleepUntil sleeps until a time, in ns since start; false when ctx has ended. It sleeps in the kernel: a timer of the
// runtime may be a millisecond late on an idle machine, which would be told as the server's latency.
func (r *run) sleepUntil(ctx context.Context, at int64) bool {
	const most = int64(20 * time.Millisecond) // so that the end of ctx is seen
	for {
		left := at - r.now()
		if ctx.Err() != nil {
			return false
		}
		if left <= 0 {
			return true
		}
		t := unix.NsecToTimespec(min(left, most))
		_ = unix.Nanosleep(&t, nil) // a signal may wake it early: the loop looks again
	}
}

// storm breaks a share of all sockets, again and again.
func (r *run) storm(ctx context.Context) {
	tick := time.NewTicker(r.o.ReconnectEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		n := max(1, int(r.o.ReconnectShare*float64(len(r.members))))
		for _, i := range r.random.Perm(len(r.members))[:n] {
			r.members[i].client.Reconnect()
		}
	}
}
