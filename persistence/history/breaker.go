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
	breakerFailures = 3           // in a row open the breaker
	breakerDelay    = time.Second // then one call is tried
)

// breaker is a circuit breaker, with a time limit and retries, between a caller and a Redis that is slow, broken or
// away. It retries what a new connection may mend. After a few failures in a row it refuses every call at once, except
// for one trial a second. Reads and appends have a breaker each, because a Redis may refuse the one and serve the other
// (a full one does). Safe for concurrent use.
type breaker struct {
	circuit circuitbreaker.CircuitBreaker[any]
	exec    failsafe.Executor[any]
	last    atomic.Value // of failure: what the log names
}

type failure struct{ err error }

// newBreaker returns a closed breaker. what names its calls in the log.
func newBreaker(what string, retries int, log zerolog.Logger) *breaker {
	b := &breaker{}
	b.circuit = circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(breakerFailures).
		WithDelay(breakerDelay).
		WithSuccessThreshold(1).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { b.changed(e, what, log) }).
		Build()
	retry := retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return worthRetrying(err) }).
		WithMaxRetries(retries).
		WithBackoff(10*time.Millisecond, 200*time.Millisecond).
		ReturnLastFailure().
		Build()
	b.exec = failsafe.With[any](retry, b.circuit)
	return b
}

// do runs the call, each try within the timeout. The error is circuitbreaker.ErrOpen if the call was refused.
func (b *breaker) do(ctx context.Context, timeout time.Duration, call func(ctx context.Context) error) error {
	return b.exec.WithContext(ctx).Run(func() error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err := call(ctx)
		if err != nil {
			b.last.Store(failure{err})
		}
		return err
	})
}

// refusing reports whether a call would be refused now. A half-open breaker that is due for a trial does not refuse.
func (b *breaker) refusing() bool { return b.circuit.RemainingDelay() > 0 }

// closed reports whether calls succeed, as far as is known.
func (b *breaker) closed() bool { return b.circuit.IsClosed() }

// worse returns the worse state of two breakers, in words: closed, half-open or open.
func worse(a, b *breaker) string {
	first, second := a.circuit.State(), b.circuit.State()
	if first == circuitbreaker.OpenState || second == circuitbreaker.OpenState {
		return circuitbreaker.OpenState.String()
	}
	return max(first, second).String()
}

// changed logs an outage's begin and end. The trials between are not logged.
func (b *breaker) changed(e circuitbreaker.StateChangedEvent, what string, log zerolog.Logger) {
	switch {
	case e.OldState == circuitbreaker.ClosedState:
		f, _ := b.last.Load().(failure)
		log.Warn().Err(f.err).Msgf("redis: %s fail: going on without them, trying again every second", what)
	case e.NewState == circuitbreaker.ClosedState:
		log.Info().Msgf("redis: %s work again", what)
	}
}

// worthRetrying reports whether a new connection may mend it: the old one may have been broken long ago, unnoticed. A
// timeout has cost its time already, and an answer of the server would be the same again.
func worthRetrying(err error) bool {
	var answer redis.Error
	var network net.Error
	switch {
	case err == nil, errors.Is(err, circuitbreaker.ErrOpen), errors.As(err, &answer):
		return false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, os.ErrDeadlineExceeded):
		return false
	}
	return !errors.As(err, &network) || !network.Timeout()
}
