package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/rs/zerolog"

	"verbatim/protocol"
)

// Redis is the history in a Redis: each conversation's log is a sorted set of its entries' JSON by seq, with an
// expiration. The log is a part of the key, so that an old record's entries are never taken for this one's.
//
// Nobody waits for it who has something else to do: Append puts the batch into a bounded queue that one goroutine
// empties (append.go), a read has a quarter of a second (read.go), and where Redis fails both are refused at once
// by a circuit breaker (guard.go). Another server's Redis is left alone (owner.go).
type Redis struct {
	// Fixed after OpenRedis.
	opts   Options
	log    zerolog.Logger
	client redis.UniversalClient
	dataID string
	start  time.Time // what ours is counted from

	reads, appends *guard
	queue          *queue
	vouched        vouched
	keys           map[string]*keyState // owned by the appender
	keyCount       atomic.Int64         // len(keys)

	ours      atomic.Int64 // time.Duration since start until which the ownership holds
	abandoned atomic.Bool
	closed    atomic.Bool

	appended, dropped atomic.Int64 // entries

	stop      context.CancelFunc // ends keep
	cut       context.CancelFunc // ends the appender's calls
	keeper    sync.WaitGroup
	appender  sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
}

// OpenRedis uses the Redis at the URL (see CheckURL) as the history of the data directory with that id. A wrong URL,
// another kind of Redis than the URL says, and a Redis that another data directory uses are errors, each one line for
// the operator. A Redis that cannot be reached is none: it is used once it comes.
func OpenRedis(ctx context.Context, url string, dataID string, o Options) (*Redis, error) {
	kind, open, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	logging.Disable() // go-redis writes to stderr by itself; what changes is logged here, once
	o = o.withDefaults()
	r := &Redis{
		opts: o, log: o.Log, client: open(), dataID: dataID, start: time.Now(),
		reads: newGuard("reads", 1, o.Log), appends: newGuard("appends", 2, o.Log),
		queue: newQueue(), keys: make(map[string]*keyState),
	}
	away, refused := r.look(ctx, kind)
	if refused != nil {
		r.client.Close()
		return nil, refused
	}
	if away != nil {
		r.log.Warn().Err(away).Msg("redis: away: starting without it, recent messages are read from the record")
	}
	keeping, stop := context.WithCancel(context.Background())
	appending, cut := context.WithCancel(context.Background())
	r.stop, r.cut = stop, cut
	r.keeper.Go(func() { r.keep(keeping, away != nil) })
	r.appender.Go(func() { r.empty(appending) })
	return r, nil
}

// key names a log's sorted set. The braces put a conversation's keys on one node of a cluster.
func key(id protocol.ConversationID, log protocol.LogID) string {
	return "verbatim:{" + string(id) + "}:" + string(log)
}

// Stats says what waits, what was lost, and how Redis is.
func (r *Redis) Stats() Stats {
	queued, bytes := r.queue.size()
	return Stats{
		Conversations: r.keyCount.Load(),
		Queued:        int64(queued),
		QueuedBytes:   bytes,
		Dropped:       r.dropped.Load(),
		Appended:      r.appended.Load(),
		Breaker:       worse(r.reads.breaker.State(), r.appends.breaker.State()).String(),
		Abandoned:     r.abandoned.Load(),
	}
}

func worse(a, b circuitbreaker.State) circuitbreaker.State {
	if a == circuitbreaker.OpenState || b == circuitbreaker.OpenState {
		return circuitbreaker.OpenState
	}
	return max(a, b)
}

// Close puts into Redis what is still queued, as long as ctx lasts, gives the ownership back, and ends both
// goroutines. Appends and reads after it are nothing.
func (r *Redis) Close(ctx context.Context) error {
	r.closeOnce.Do(func() { r.closeErr = r.close(ctx) })
	return r.closeErr
}

func (r *Redis) close(ctx context.Context) error {
	r.queue.close()
	// A call to a hung Redis ends with its timeout, or with its connection: a context's end does not reach it. The
	// goroutine of AfterFunc waits for nothing.
	late := context.AfterFunc(ctx, func() { r.cut(); r.client.Close() })
	r.appender.Wait()
	r.stop()
	r.keeper.Wait()
	mine := r.mine()
	r.closed.Store(true)
	var err error
	if mine && ctx.Err() == nil {
		err = r.release(ctx)
	}
	if !late() {
		return fmt.Errorf("redis: close: %w", ctx.Err())
	}
	r.cut()
	return errors.Join(err, r.client.Close())
}
