package history

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	pipelineEntries = 1024    // of one round trip, about
	pipelineBytes   = 1 << 20 // likewise
	commandEntries  = 256     // of one ZADD: Redis answers nobody else meanwhile

	// gatherFor is how long the appender rests after a round trip, unless a whole one waits: so that the entries of a busy
	// conversation share one command, and Redis and this server have a wake-up for many. Members read the newest entries from
	// the hub's ring; anybody else for whom Redis is behind reads the record.
	gatherFor = 50 * time.Millisecond
	maxKeys   = 20_000 // of which the appender remembers how far they are; then it begins anew
)

// keyState is what the appender knows of a sorted set. It may be wrong without harm: what is missing is read from
// the record, and what is too much expires.
type keyState struct {
	newest    protocol.Seq
	untrimmed int // entries since the last trim
}

// Append queues the batch for Redis, or drops it where it has no room or Redis is not to be had: the hole that is left
// is seen by whoever reads (see fetch) and filled again from the record. It never waits.
func (r *Redis) Append(id protocol.ConversationID, log protocol.LogID, batch *persistence.Entries) {
	if batch == nil || batch.Len() == 0 {
		return
	}
	if !r.mine() || r.appends.refusing() || !r.queue.put(job{id, log, batch}) {
		r.dropped.Add(int64(batch.Len()))
	}
}

// empty is the appender, the only goroutine that writes entries. It waits for the queue's wake and for Redis, each
// call within its timeout, and ends when the queue was closed and is empty. ctx cuts its calls short.
func (r *Redis) empty(ctx context.Context) {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		jobs, more := r.queue.take(pipelineEntries, pipelineBytes)
		switch {
		case len(jobs) > 0:
			r.store(ctx, jobs)
			rest.Reset(gatherFor)
			select {
			case <-rest.C:
			case <-r.queue.full:
			}
		case more:
			<-r.queue.wake
		default:
			return
		}
	}
}

// store puts some jobs into Redis in as few round trips as can be, or drops them.
func (r *Redis) store(ctx context.Context, jobs []job) {
	writes, entries := r.gather(jobs)
	err := context.Canceled
	if r.mine() {
		err = r.appends.do(ctx, appendTimeout, func(ctx context.Context) error { return r.write(ctx, writes) })
	}
	if err != nil {
		r.dropped.Add(entries)
		return
	}
	r.appended.Add(entries)
	for _, w := range writes {
		if w.fresh {
			r.vouched.add(w.key)
		}
	}
}

// write is what one pipeline does to one key.
type write struct {
	key     string
	fresh   bool // take away first what is there
	members []redis.Z
	trim    bool
	failed  *redis.IntCmd // its first ZADD
}

// gather joins the jobs for the same key. A key that is to be taken away keeps its place in the order.
func (r *Redis) gather(jobs []job) (writes []*write, entries int64) {
	open := make(map[string]*write, len(jobs))
	for _, j := range jobs {
		key := key(j.id, j.log)
		w := open[key]
		if w == nil || j.batch == nil {
			w = &write{key: key, fresh: j.batch == nil || !r.trusts(key)}
			open[key] = w
			writes = append(writes, w)
		}
		if j.batch == nil {
			continue
		}
		entries += j.entries()
		state := r.state(key)
		if j.batch.Last()+protocol.Seq(r.opts.Size) <= state.newest {
			continue // older than what is kept: it would only be trimmed
		}
		for seq := j.batch.First; seq <= j.batch.Last(); seq++ {
			w.members = append(w.members, redis.Z{Score: float64(seq), Member: j.batch.Wire(seq)})
		}
		state.newest = max(state.newest, j.batch.Last())
		state.untrimmed += j.batch.Len()
		if state.untrimmed > max(r.opts.Size/4, 1) {
			w.trim, state.untrimmed = true, 0
		}
	}
	return writes, entries
}

// state remembers a key. One that is new to it may be full already: it is trimmed with its first entries.
func (r *Redis) state(key string) *keyState {
	state := r.keys[key]
	if state == nil {
		if len(r.keys) >= maxKeys {
			clear(r.keys)
		}
		state = &keyState{untrimmed: r.opts.Size}
		r.keys[key] = state
		r.keyCount.Store(int64(len(r.keys)))
	}
	return state
}

// write sends the pipeline. A key that turns out to be of another type is not ours: it is taken away, and its entries
// are written again.
func (r *Redis) write(ctx context.Context, writes []*write) error {
	err := r.pipeline(ctx, writes)
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
	return r.pipeline(ctx, again)
}

func (r *Redis) pipeline(ctx context.Context, writes []*write) error {
	pipe := r.client.Pipeline()
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
			pipe.PExpire(ctx, w.key, r.opts.TTL)
		}
		if w.trim {
			pipe.ZRemRangeByRank(ctx, w.key, 0, -int64(r.opts.Size)-1)
		}
	}
	if pipe.Len() == 0 {
		return nil
	}
	_, err := pipe.Exec(ctx)
	return err
}

func isWrongType(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") }
