package history

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	pipelineEntries = 1024    // of one round trip, about
	pipelineBytes   = 1 << 20 // likewise
	commandEntries  = 256     // of one ZADD: Redis answers nobody else meanwhile

	// gatherFor is how long the appender rests after a round trip, unless a whole pipeline waits. So the entries of a
	// busy conversation share one command, and Redis and this server have one wake-up for many. Members read the newest
	// entries from the hub's ring; anybody else for whom Redis is behind reads the record.
	gatherFor = 50 * time.Millisecond
	maxKeys   = 20_000 // that the appender remembers; then it begins again
)

// appender writes entries into Redis: it is the only goroutine that does. Its fields are its own, but for the counters.
type appender struct {
	// Fixed.
	size    int           // entries of one conversation
	ttl     time.Duration // since the last append
	client  redis.UniversalClient
	lease   *lease
	appends *breaker
	trust   *trust
	queue   *queue

	keys map[string]*keyState

	keyCount          atomic.Int64 // len(keys)
	appended, dropped atomic.Int64 // entries
}

// keyState is what the appender knows of a sorted set. It may be wrong without harm: what is missing is read from
// the record, and what is too much expires.
type keyState struct {
	newest    protocol.Seq
	untrimmed int // entries since the last trim
}

// put queues the entries for Redis, or drops them if there is no room or Redis is not to be had. Readers see the hole
// (see fetch), and it is filled again from the record. It never waits, and may be called from any goroutine.
func (a *appender) put(id protocol.ConversationID, log protocol.LogID, entries *persistence.Entries) {
	if !a.lease.held() || a.appends.refusing() || !a.queue.put(job{id, log, entries}) {
		a.dropped.Add(int64(entries.Len()))
	}
}

// run empties the queue. It waits for the queue's wake and for Redis, each call within its timeout, and ends when the
// queue was closed and is empty. ctx cuts its calls short.
func (a *appender) run(ctx context.Context) {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		jobs, more := a.queue.take(pipelineEntries, pipelineBytes)
		switch {
		case len(jobs) > 0:
			a.store(ctx, jobs)
			rest.Reset(gatherFor)
			select {
			case <-rest.C:
			case <-a.queue.full:
			}
		case more:
			<-a.queue.wake
		default:
			return
		}
	}
}

// store writes some jobs into Redis in as few round trips as can be, or drops them.
func (a *appender) store(ctx context.Context, jobs []job) {
	writes, entries := a.gather(jobs)
	err := context.Canceled
	if a.lease.held() {
		err = a.appends.do(ctx, appendTimeout, func(ctx context.Context) error { return a.write(ctx, writes) })
	}
	if err != nil {
		a.dropped.Add(entries)
		return
	}
	a.appended.Add(entries)
	for _, w := range writes {
		if w.fresh {
			a.trust.add(w.key)
		}
	}
}

// write is what one pipeline does to one key.
type write struct {
	key     string
	fresh   bool // remove first what is there
	members []redis.Z
	trim    bool
	failed  *redis.IntCmd // its first ZADD
}

// gather joins the jobs for the same key. A key that is to be removed keeps its place in the order.
func (a *appender) gather(jobs []job) (writes []*write, entries int64) {
	open := make(map[string]*write, len(jobs))
	for _, j := range jobs {
		key := key(j.id, j.log)
		w := open[key]
		if w == nil || j.entries == nil {
			w = &write{key: key, fresh: j.entries == nil || !a.trust.has(key)}
			open[key] = w
			writes = append(writes, w)
		}
		entries += j.count()
		a.add(w, j.entries)
	}
	return writes, entries
}

// add adds a job's entries to what is done to their key. nil adds nothing.
func (a *appender) add(w *write, entries *persistence.Entries) {
	if entries == nil {
		return
	}
	state := a.state(w.key)
	if entries.Last()+protocol.Seq(a.size) <= state.newest {
		return // older than what is kept: it would only be trimmed
	}
	for seq := entries.First; seq <= entries.Last(); seq++ {
		w.members = append(w.members, redis.Z{Score: float64(seq), Member: entries.Wire(seq)})
	}
	state.newest = max(state.newest, entries.Last())
	state.untrimmed += entries.Len()
	if state.untrimmed > max(a.size/4, 1) {
		w.trim = true
		state.untrimmed = 0
	}
}

// state remembers a key. A key that is new to it may be full already: it is trimmed with its first entries.
func (a *appender) state(key string) *keyState {
	state := a.keys[key]
	if state == nil {
		if len(a.keys) >= maxKeys {
			clear(a.keys)
		}
		state = &keyState{untrimmed: a.size}
		a.keys[key] = state
		a.keyCount.Store(int64(len(a.keys)))
	}
	return state
}

// write sends the pipeline. A key that turns out to be of another type is not ours: it is removed, and its entries are
// written again.
func (a *appender) write(ctx context.Context, writes []*write) error {
	err := a.pipeline(ctx, writes)
	if err == nil {
		return nil
	}
	var again []*write
	for _, w := range writes {
		if w.failed != nil && isWrongType(w.failed.Err()) {
			w.fresh = true
			again = append(again, w)
		} else if w.failed != nil && w.failed.Err() != nil {
			return w.failed.Err()
		}
	}
	if again == nil {
		return err
	}
	return a.pipeline(ctx, again)
}

func (a *appender) pipeline(ctx context.Context, writes []*write) error {
	pipe := a.client.Pipeline()
	for _, w := range writes {
		w.failed = nil
		if w.fresh {
			pipe.Unlink(ctx, w.key)
		}
		for part := w.members; len(part) > 0; {
			n := min(len(part), commandEntries)
			added := pipe.ZAdd(ctx, w.key, part[:n]...)
			if w.failed == nil {
				w.failed = added
			}
			part = part[n:]
		}
		if len(w.members) > 0 {
			pipe.PExpire(ctx, w.key, a.ttl)
		}
		if w.trim {
			pipe.ZRemRangeByRank(ctx, w.key, 0, -int64(a.size)-1)
		}
	}
	if pipe.Len() == 0 {
		return nil
	}
	_, err := pipe.Exec(ctx)
	return err
}
