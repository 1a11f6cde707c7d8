package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"verbatim/persistence"
	"verbatim/protocol"
)

// trialKey is what a trial of the appends' breaker writes.
const trialKey = "verbatim:trial"

// Redis is the history in a Redis: each conversation's log is a sorted set of its entries' JSON by seq, with an
// expiration. The log is a part of the key, so that an old record's entries are never taken for this one's.
//
// Nobody waits for it who has something else to do. Append puts entries into a bounded queue that one goroutine empties
// (appender.go). A read has a quarter of a second (read.go). If Redis fails, a circuit breaker refuses both at once
// (breaker.go). Another server's Redis is left alone (lease.go).
type Redis struct {
	// Fixed after OpenRedis.
	client         redis.UniversalClient
	reads, appends *breaker
	trust          *trust
	lease          *lease
	queue          *queue
	appender       *appender

	stop       context.CancelFunc // ends the lease's refresh
	cut        context.CancelFunc // ends the appender's calls
	refreshing sync.WaitGroup
	appending  sync.WaitGroup
	closeOnce  sync.Once
	closeErr   error
}

// OpenRedis uses the Redis at the URL (see CheckURL) as the history of the data directory with that id. A wrong URL,
// another kind of Redis than the URL says, and a Redis that another data directory uses are errors, each one line for
// the operator. A Redis that cannot be reached is no error: it is used once it comes.
func OpenRedis(ctx context.Context, url string, dataID string, o Options) (*Redis, error) {
	kind, open, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	logging.Disable() // go-redis writes to stderr by itself; what changes is logged here, once
	o = o.withDefaults()
	r := newRedis(open(), dataID, o)
	away, refused := probe(ctx, r.lease, kind)
	if refused != nil {
		r.client.Close()
		return nil, refused
	}
	if away != nil {
		o.Log.Warn().Err(away).Msg("redis: away: starting without it, recent messages are read from the record")
	}
	refreshing, stop := context.WithCancel(context.Background())
	appending, cut := context.WithCancel(context.Background())
	r.stop = stop
	r.cut = cut
	r.refreshing.Go(func() { // owned by r; ends with stop, or if the lease is lost
		r.lease.refresh(refreshing, away != nil, r)
	})
	r.appending.Go(func() { // owned by r; ends with the queue
		r.appender.run(appending)
	})
	return r, nil
}

// newRedis puts the parts together, and starts nothing.
func newRedis(client redis.UniversalClient, dataID string, o Options) *Redis {
	r := &Redis{
		client: client, queue: newQueue(),
		reads: newBreaker("reads", 1, o.Log), appends: newBreaker("appends", 2, o.Log),
		lease: &lease{client: client, dataID: dataID, log: o.Log, start: time.Now()},
	}
	r.trust = &trust{client: client, reads: r.reads, entry: o.Entry}
	r.appender = &appender{
		size: o.Size, ttl: o.TTL, client: client, lease: r.lease, appends: r.appends, trust: r.trust, queue: r.queue,
		keys: make(map[string]*keyState),
	}
	return r
}

// Append is persistence.History's.
func (r *Redis) Append(id protocol.ConversationID, log protocol.LogID, entries *persistence.Entries) {
	if entries != nil && entries.Len() > 0 {
		r.appender.put(id, log, entries)
	}
}

// Stats returns what waits, what was lost, and how Redis is.
func (r *Redis) Stats() Stats {
	queued, bytes := r.queue.size()
	return Stats{
		Conversations: r.appender.keyCount.Load(),
		Queued:        int64(queued),
		QueuedBytes:   bytes,
		Dropped:       r.appender.dropped.Load(),
		Appended:      r.appender.appended.Load(),
		Breaker:       worse(r.reads, r.appends),
		Abandoned:     r.lease.lost.Load(),
	}
}

// well is tended's: nothing needs a call soon.
func (r *Redis) well() bool { return r.reads.closed() && r.appends.closed() }

// back is tended's. A Redis that was away may have come back with what it had at another time.
func (r *Redis) back() { r.trust.clear() }

// try is tended's: it gives each breaker that waits for a trial the smallest call of its kind.
func (r *Redis) try(ctx context.Context) {
	if !r.reads.closed() {
		_ = r.reads.do(ctx, readTimeout, func(ctx context.Context) error { return r.client.Get(ctx, ownerKey).Err() })
	}
	if !r.appends.closed() {
		_ = r.appends.do(ctx, appendTimeout, func(ctx context.Context) error {
			return r.client.Set(ctx, trialKey, 1, leaseTTL).Err()
		})
	}
}

// Close writes to Redis what is still queued, as long as ctx lasts, gives the ownership back, and ends both goroutines.
// Appends and reads after it do nothing.
func (r *Redis) Close(ctx context.Context) error {
	r.closeOnce.Do(func() { r.closeErr = r.close(ctx) })
	return r.closeErr
}

func (r *Redis) close(ctx context.Context) error {
	r.queue.close()
	// A call to a hung Redis ends with its timeout, or with its connection: a context's end does not reach it. The
	// goroutine of AfterFunc waits for nothing.
	late := context.AfterFunc(ctx, func() { r.cut(); r.client.Close() })
	r.appending.Wait()
	r.stop()
	r.refreshing.Wait()
	err := r.lease.release(ctx)
	if !late() {
		return fmt.Errorf("redis: close: %w", ctx.Err())
	}
	r.cut()
	return errors.Join(err, r.client.Close())
}
