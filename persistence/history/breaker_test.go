package history

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/rs/zerolog"
)

func TestABreakerRetriesWhatANewConnectionMayMend(t *testing.T) {
	for _, test := range []struct {
		name  string
		err   error
		calls int
	}{
		{"nothing wrong", nil, 1},
		{"a broken connection", io.EOF, 2},
		{"a timeout", context.DeadlineExceeded, 1},
	} {
		calls := 0
		got := newBreaker("tests", 2, zerolog.Nop()).do(t.Context(), time.Second, func(context.Context) error {
			if calls++; calls > 1 {
				return nil
			}
			return test.err
		})
		if calls != test.calls {
			t.Errorf("%s: %d calls, want %d", test.name, calls, test.calls)
		}
		mended := test.calls > 1
		if (mended || test.err == nil) != (got == nil) || got != nil && !errors.Is(got, test.err) {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

func TestABreakerBeforeAHungCallCostsThreeTimeLimitsAndThenOneASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker("tests", 1, zerolog.Nop())
		began := time.Now()
		tried := func() bool {
			err := b.do(t.Context(), readTimeout, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
			if err == nil {
				t.Fatal("a call that hung has worked")
			}
			return !errors.Is(err, circuitbreaker.ErrOpen)
		}
		for range breakerFailures {
			if !tried() {
				t.Fatal("a call was refused before the breaker had a reason")
			}
		}
		if took := time.Since(began); took != breakerFailures*readTimeout {
			t.Errorf("%d calls took %v, want %v each", breakerFailures, took, readTimeout)
		}
		trials, opened := 0, time.Now()
		for time.Since(opened) < 10*time.Second {
			if tried() {
				trials++
			}
			time.Sleep(time.Millisecond)
		}
		if trials != 8 { // one in each 1.25 s: the breaker's second and the trial's time limit
			t.Errorf("%d trials in 10 s, want 8", trials)
		}
	})
}
