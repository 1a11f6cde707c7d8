package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/go-redis/v9"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	firstChunk = 64  // entries of the first round trip, before their size is known
	largeChunk = 512 // of one round trip at most
)

// Range reads from Redis within readTimeout, or returns nil at once if that would be in vain. What comes back is
// checked, never trusted (see fetch); a key with anything alien in it is removed.
func (r *Redis) Range(
	ctx context.Context, id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, maxBytes int,
) (*persistence.Entries, error) {
	if !r.lease.held() || from < 1 || from > to || ctx.Err() != nil {
		return nil, nil
	}
	var got *persistence.Entries
	var alien error
	err := r.trust.verify(ctx, id, log)
	if errors.Is(err, errAlien) {
		alien = err
	} else if err == nil && r.trust.has(key(id, log)) {
		// The reader's going away says nothing of Redis, so it must not count as its failure: the call ends by itself.
		err = r.reads.do(context.WithoutCancel(ctx), readTimeout, func(ctx context.Context) (err error) {
			got, err = r.fetch(ctx, id, key(id, log), from, to, maxBytes)
			if errors.Is(err, errAlien) || isWrongType(err) {
				alien, err = err, nil // Redis is well
			}
			return err
		})
	}
	switch {
	case alien != nil:
		r.queue.put(job{id: id, log: log}) // if there is no room now, the next reader finds it
		return nil, fmt.Errorf("redis: read: %s: removed: %w", key(id, log), alien)
	case errors.Is(err, circuitbreaker.ErrOpen):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("redis: read: %s: %w", key(id, log), err)
	case got == nil || got.Len() == 0:
		return nil, nil
	}
	return got, nil
}

// fetch reads in chunks until maxBytes are there, the entries end, or one is missing: a dropped append leaves a hole,
// and nothing is given across it.
func (r *Redis) fetch(
	ctx context.Context, id protocol.ConversationID, key string, from, to protocol.Seq, maxBytes int,
) (*persistence.Entries, error) {
	entries := &persistence.Entries{First: from}
	var wire []byte
	for chunk := int64(firstChunk); ; {
		next := entries.Last() + 1
		found, err := r.client.ZRangeByScoreWithScores(ctx, key, &redis.ZRangeBy{
			Min: strconv.FormatUint(uint64(next), 10), Max: strconv.FormatUint(uint64(to), 10), Count: chunk,
		}).Result()
		if err != nil {
			return nil, err
		}
		for _, z := range found {
			member, _ := z.Member.(string)
			wire = append(wire[:0], member...)
			seq, ok := checkEntry(wire, id)
			if !ok || float64(seq) != z.Score || seq < next {
				return nil, fmt.Errorf("%w: score %v: %.100q", errAlien, z.Score, member)
			}
			if seq > next || entries.Len() > 0 && len(entries.Frames)+frameSize(wire) > maxBytes {
				return entries, nil
			}
			entries.Add(wire)
			next++
		}
		if int64(len(found)) < chunk || next > to || len(entries.Frames) >= maxBytes {
			return entries, nil
		}
		chunk = chunkFor(entries, maxBytes)
	}
}

// chunkFor guesses how many more entries make up maxBytes.
func chunkFor(entries *persistence.Entries, maxBytes int) int64 {
	each := len(entries.Frames)/entries.Len() + 1
	return int64(min((maxBytes-len(entries.Frames))/each+1, largeChunk))
}

func frameSize(wire []byte) int {
	switch n := len(wire); {
	case n < 126:
		return n + 2
	case n <= math.MaxUint16:
		return n + 4
	default:
		return n + 10
	}
}
