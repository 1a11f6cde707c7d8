package load

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// publish has all publishers publish until end, or the end of ctx. late is how many messages of an open loop were due
// and could not be sent by then.
func (r *run) publish(ctx context.Context, end time.Time) (late int64) {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	r.publishing.Store(true)
	var running sync.WaitGroup
	if r.o.ReconnectEvery > 0 {
		running.Go(func() { r.breakConnections(ctx) }) // publish's, which waits for it below; ends with ctx
	}
	if r.o.Rate > 0 {
		running.Go(func() { late = r.pace(ctx) }) // publish's, which waits for it below; ends with ctx
	} else {
		for _, v := range r.conversations {
			for _, p := range v.publishers {
				p.mu.Lock()
				p.fill()
				p.mu.Unlock()
			}
		}
	}
	<-ctx.Done()
	r.publishing.Store(false)
	running.Wait()
	return late
}

// pace sends each message when it is due, whatever happened to the ones before. If a publisher's outbox is full it
// waits. The messages behind are then late, and so is their latency, which counts from when they were due.
func (r *run) pace(ctx context.Context) (late int64) {
	var publishers []*member
	for j := range r.o.Publishers { // in turn over the conversations
		for _, v := range r.conversations {
			publishers = append(publishers, v.publishers[j])
		}
	}
	gap := float64(time.Second) / r.o.Rate
	start := r.now()
	sent := int64(0)
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

// sleepUntil sleeps until a time, in ns since start, and returns false if ctx has ended. It sleeps in the kernel: a
// timer of the runtime may be a millisecond late on an idle machine, and that would count as the server's latency.
func (r *run) sleepUntil(ctx context.Context, at int64) bool {
	const maxSleep = int64(20 * time.Millisecond) // so that the end of ctx is noticed
	for {
		left := at - r.now()
		if ctx.Err() != nil {
			return false
		}
		if left <= 0 {
			return true
		}
		t := unix.NsecToTimespec(min(left, maxSleep))
		_ = unix.Nanosleep(&t, nil) // if a signal wakes it early, the loop sleeps again
	}
}

// breakConnections breaks a share of all connections, again and again.
func (r *run) breakConnections(ctx context.Context) {
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
