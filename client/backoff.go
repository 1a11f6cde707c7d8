package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"syscall"
	"time"
)

// Backoff says how long the client waits before it connects again: a random time from nothing to First, doubled with
// each failure up to Most. The whole of it is random ("full jitter"), so that the thousands whom one server lost do not
// come back together. What the server asks for (retry_after) is waited besides. Where nobody listens, as while a server is
// started again, it is 2 s at most: that refusal is the kernel's, and costs no server anything. But where a draining server
// has asked for more than that, for it had many to ask, it is a random part of what was asked: the crowd that finds nobody
// yet stays as wide as it was spread.
type Backoff struct {
	First time.Duration // 0: 250 ms
	Most  time.Duration // 0: 15 s
}

// steady is how long a connection lives before its end counts as the first failure again.
const steady = 5 * time.Second

// mostUnheard bounds the wait where nobody listens.
const mostUnheard = 2 * time.Second

func (b Backoff) withDefaults() Backoff {
	if b.First <= 0 {
		b.First = 250 * time.Millisecond
	}
	if b.Most < b.First {
		b.Most = max(15*time.Second, b.First)
	}
	return b
}

// delay is the wait after so many failures in a row, the first one counted as 0; why is the last one's error. crowd is what
// the server asked for that was there last.
func (b Backoff) delay(failures int, asked, crowd time.Duration, why error) time.Duration {
	bound, most := b.Most, b.First
	if errors.Is(why, syscall.ECONNREFUSED) {
		bound = min(bound, max(mostUnheard, crowd))
		most = max(most, crowd)
	}
	for ; failures > 0 && most < bound; failures-- {
		most *= 2
	}
	return asked + rand.N(min(most, bound)+1)
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
