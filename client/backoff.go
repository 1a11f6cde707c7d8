package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff says how long the client waits before it connects again: a random time from nothing to First, doubled with
// each failure up to Most. The whole of it is random ("full jitter"), so that the thousands whom one server lost do not
// come back together. What the server asks for (retry_after) is waited besides.
type Backoff struct {
	First time.Duration // 0: 250 ms
	Most  time.Duration // 0: 15 s
}

// steady is how long a connection lives before its end counts as the first failure again.
const steady = 5 * time.Second

func (b Backoff) withDefaults() Backoff {
	if b.First <= 0 {
		b.First = 250 * time.Millisecond
	}
	if b.Most < b.First {
		b.Most = max(15*time.Second, b.First)
	}
	return b
}

// delay is the wait after so many failures in a row, the first one counted as 0.
func (b Backoff) delay(failures int, asked time.Duration) time.Duration {
	most := b.First
	for ; failures > 0 && most < b.Most; failures-- {
		most *= 2
	}
	return asked + rand.N(min(most, b.Most)+1)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
