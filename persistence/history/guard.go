package history

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

const (
	breakerFailures = 3           // in a row, and the breaker opens
	breakerDelay    = time.Second // then one call is tried
)

// guard stands between a caller and a Redis that is slow, broken or away: it tries again what a new connection may
// mend, and once a few calls have failed in a row it refuses all at once, but for one trial a second.
// Reads and appends have a guard each, because a Redis may refuse the one and serve the other (a full one does).
type guard struct {
	breaker circuitbreaker.CircuitBreaker[any]
	exec    failsafe.Executor[any]
	last    atomic.Value // of failure: what the log shall name
}

type failure struct{ err error }

func newGuard(what string, retries int, log zerolog.Logger) *guard {
	g := &guard{}
	g.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(breakerFailures).
		WithDelay(breakerDelay).
		WithSuccessThreshold(1).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { g.changed(e, what, log) }).
		Build()
	retry := retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return worthRetrying(err) }).
		WithMaxRetries(retries).
		WithBackoff(10*time.Millisecond, 200*time.Millisecond).
		ReturnLastFailure().
		Build()
	g.exec = failsafe.With[any](retry, g.breaker)
	return g
}

// do runs the call, each try within the timeout. The error is circuitbreaker.ErrOpen where it was not run at all.
func (g *guard) do(ctx context.Context, timeout time.Duration, call func(ctx context.Context) error) error {
	return g.exec.WithContext(ctx).Run(func() error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err := call(ctx)
		if err != nil {
			g.last.Store(failure{err})
		}
		return err
	})
}

// refusing says that a call would be refused now. Half-open and due for a trial it is not refusing.
func (g *guard) refusing() bool { return g.breaker.RemainingDelay() > 0 }

// changed tells the operator of an outage's begin and end; the trials between are silent.
func (g *guard) changed(e circuitbreaker.StateChangedEvent, what string, log zerolog.Logger) {
	switch {
	case e.OldState == circuitbreaker.ClosedState:
		f, _ := g.last.Load().(failure)
		log.Warn().Err(f.err).Msgf("redis: %s fail: going on without them, trying again every second", what)
	case e.NewState == circuitbreaker.ClosedState:
		log.Info().Msgf("redis: %s work again", what)
	}
}

// worthRetrying: a broken connection may have been broken long ago, unnoticed. A timeout has cost its time already,
// and an answer of the server's will be the same again.
func worthRetrying(err error) bool {
	var answer redis.Error
	var network net.Error
	switch {
	case err == nil, errors.Is(err, circuitbreaker.ErrOpen), errors.As(err, &answer):
		return false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded):
		return false
	}
	return !errors.As(err, &network) || !network.Timeout()
}
