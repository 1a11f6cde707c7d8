package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"syscall"
	"time"
)

// Backoff is how long a client waits before it connects again: a random time between 0 and a bound, which starts at
// Initial and doubles with each failure up to Max ("full jitter"), so that the clients of a failed server do not return
// at once. What the server asks for (retry_after) is added.
//
// If the connection is refused, as while a server restarts, the bound is 2 s at most: the kernel refuses it, at no cost
// to the server. For the same reason these refusals do not lengthen the wait after any other failure. But if the last
// server asked for more when it drained, the bound is what it asked for: the clients that find no server yet stay
// spread over the time that the drain chose.
type Backoff struct {
	Initial time.Duration // 0: 250 ms
	Max     time.Duration // less than Initial, or 0: 15 s, but never less than Initial
}

// stableAfter is how long a connection must last for the next failure to count as the first.
const stableAfter = 5 * time.Second

// maxRefusedWait bounds the wait after the kernel has refused a connection.
const maxRefusedWait = 2 * time.Second

func (b Backoff) withDefaults() Backoff {
	if b.Initial <= 0 {
		b.Initial = 250 * time.Millisecond
	}
	if b.Max < b.Initial {
		b.Max = max(15*time.Second, b.Initial)
	}
	return b
}

// failures are those since the last stable connection.
type failures struct {
	refused int           // connections that the kernel refused in a row: nobody listened
	other   int           // those that failed otherwise
	spread  time.Duration // what the server asked for in the last of these
}

// wait counts a failure, and returns how long to wait after it. asked is what the server asked for in it.
func (f *failures) wait(b Backoff, asked time.Duration, cause error) time.Duration {
	if errors.Is(cause, syscall.ECONNREFUSED) {
		f.refused++
		return b.delay(f.refused-1, asked, f.spread, cause)
	}
	f.refused, f.spread = 0, asked
	f.other++
	return b.delay(f.other-1, asked, f.spread, cause)
}

// delay returns the wait after failures in a row, not counting the last one, whose error is cause. asked is what the
// server asked for in it, spread what the last server asked for when it drained.
func (b Backoff) delay(failures int, asked, spread time.Duration, cause error) time.Duration {
	limit := b.Max
	bound := b.Initial
	if errors.Is(cause, syscall.ECONNREFUSED) {
		limit = min(limit, max(maxRefusedWait, spread))
		bound = max(bound, spread)
	}
	for ; failures > 0 && bound < limit; failures-- {
		bound *= 2
	}
	return asked + rand.N(min(bound, limit)+1)
}

// pause waits for d. It returns early, with the cause, if ctx ends.
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
