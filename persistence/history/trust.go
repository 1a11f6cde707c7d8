package history

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"verbatim/protocol"
)

// trust knows the keys whose content the record vouches for: this process has written them from empty on, or has found
// the record's own entry in them. An older copy of the data that was restored has the same log, and another history
// from its end on: what the server before it has left in Redis is then of no record any more. Safe for concurrent use.
type trust struct {
	// Fixed.
	client redis.UniversalClient
	reads  *breaker
	entry  func(context.Context, protocol.ConversationID, protocol.LogID, protocol.Seq) ([]byte, error) // nil: trust

	mu   sync.Mutex
	keys map[string]bool // guarded by mu; maxKeys at most
}

// has reports whether a key need not be asked about.
func (t *trust) has(key string) bool {
	if t.entry == nil {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keys[key]
}

func (t *trust) add(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil || len(t.keys) >= maxKeys {
		t.keys = make(map[string]bool) // they are asked about once more
	}
	t.keys[key] = true
}

func (t *trust) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys = nil
}

// verify compares a key's newest entry with the record's, at the key's first use in this process. Two copies of one log
// that have an entry in common are the same up to there. It waits for Redis within readTimeout, and for the record.
// errAlien means that the key is to be removed. nil does not mean trust: an empty key gets it with its first entries.
func (t *trust) verify(ctx context.Context, id protocol.ConversationID, log protocol.LogID) error {
	key := key(id, log)
	if t.has(key) {
		return nil
	}
	var newest []string
	err := t.reads.do(context.WithoutCancel(ctx), readTimeout, func(ctx context.Context) (err error) {
		if newest, err = t.client.ZRevRange(ctx, key, 0, 0).Result(); isWrongType(err) {
			newest, err = []string{""}, nil // Redis is well
		}
		return err
	})
	if err != nil || len(newest) == 0 {
		return err
	}
	wire := []byte(newest[0])
	seq, ok := checkEntry(wire, id)
	if !ok {
		return fmt.Errorf("%w: %.100q", errAlien, wire)
	}
	entry, err := t.entry(ctx, id, log, seq)
	if err != nil {
		return err
	}
	if !bytes.Equal(entry, wire) {
		return fmt.Errorf(
			"%w: the record has another entry %d than what an earlier server has left, or none", errAlien, seq)
	}
	t.add(key)
	return nil
}
