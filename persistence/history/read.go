package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/redis/go-redis/v9"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	firstChunk = 64  // entries of the first round trip, before their size is known
	largeChunk = 512 // of one round trip at most
)

// errAlien says that a key holds what no appender of ours has put there.
var errAlien = errors.New("not an entry of ours")

// Range reads from Redis within readTimeout, or gives nil at once where that would be in vain. What comes back is
// checked, never trusted (see fetch); a key with anything alien in it is taken away.
func (r *Redis) Range(ctx context.Context, id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, maxBytes int) (*persistence.Entries, error) {
	if !r.mine() || from < 1 || from > to || ctx.Err() != nil {
		return nil, nil
	}
	var got *persistence.Entries
	var alien error
	err := r.vouch(ctx, id, log)
	if errors.Is(err, errAlien) {
		alien = err
	} else if err == nil && r.trusts(key(id, log)) {
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
		r.queue.put(job{id: id, log: log}) // where there is no room now, the next reader finds it
		return nil, fmt.Errorf("redis: read: %s: taken away: %w", key(id, log), alien)
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
func (r *Redis) fetch(ctx context.Context, id protocol.ConversationID, key string, from, to protocol.Seq, maxBytes int) (*persistence.Entries, error) {
	batch := &persistence.Entries{First: from}
	var wire []byte
	for chunk := int64(firstChunk); ; {
		next := batch.Last() + 1
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
			if seq > next || batch.Len() > 0 && len(batch.Frames)+frameSize(wire) > maxBytes {
				return batch, nil
			}
			batch.Add(wire)
			next++
		}
		if int64(len(found)) < chunk || next > to || len(batch.Frames) >= maxBytes {
			return batch, nil
		}
		chunk = chunkFor(batch, maxBytes)
	}
}

// chunkFor guesses how many more entries make up maxBytes.
func chunkFor(batch *persistence.Entries, maxBytes int) int64 {
	each := len(batch.Frames)/batch.Len() + 1
	return int64(min((maxBytes-len(batch.Frames))/each+1, largeChunk))
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

// checkEntry gives the seq of what can be an entry of that conversation: JSON on one line, and the first fields as
// protocol.Message writes them.
func checkEntry(wire []byte, id protocol.ConversationID) (protocol.Seq, bool) {
	seq, ok := protocol.EntrySeq(wire)
	if !ok {
		return 0, false
	}
	head := append(make([]byte, 0, 160), `","conversation":"`...)
	head = append(append(head, id...), `","seq":`...)
	head = append(strconv.AppendUint(head, uint64(seq), 10), ',')
	i := bytes.IndexByte(wire[len(`{"type":"`):], '"') + len(`{"type":"`)
	if !bytes.HasPrefix(wire[i:], head) || wire[len(wire)-1] != '}' || bytes.IndexByte(wire, '\n') >= 0 {
		return 0, false
	}
	return seq, jsontext.Value(wire).IsValid()
}
