package history

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"verbatim/protocol"
)

// vouched are the keys of which this process knows that the record vouches for what is in them: it has written them
// from empty on, or found the record's own entry in them. An older copy of the data that was put back has the same
// log, and another history from its end on: what the server before it has left in Redis is then of no record any
// more. Safe for concurrent use.
type vouched struct {
	mu   sync.Mutex
	keys map[string]bool // maxKeys at most
}

func (v *vouched) has(key string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.keys[key]
}

func (v *vouched) add(key string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys == nil || len(v.keys) >= maxKeys {
		v.keys = make(map[string]bool) // they are asked about once more
	}
	v.keys[key] = true
}

func (v *vouched) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys = nil
}

// trusts reports whether a key need not be asked about.
func (r *Redis) trusts(key string) bool { return r.opts.Entry == nil || r.vouched.has(key) }

// vouch holds a key's newest entry to the record, at its first use in this process. Entries of one log that has an
// entry in common are the same up to there. It waits for Redis within readTimeout, and for the record. errAlien: the
// key is to be taken away.
func (r *Redis) vouch(ctx context.Context, id protocol.ConversationID, log protocol.LogID) error {
	key := key(id, log)
	if r.trusts(key) {
		return nil
	}
	var newest []string
	err := r.reads.do(context.WithoutCancel(ctx), readTimeout, func(ctx context.Context) (err error) {
		if newest, err = r.client.ZRevRange(ctx, key, 0, 0).Result(); isWrongType(err) {
			newest, err = []string{""}, nil // Redis is well
		}
		return err
	})
	if err != nil || len(newest) == 0 {
		return err // an empty one is vouched for once it has been written to
	}
	wire := []byte(newest[0])
	seq, ok := checkEntry(wire, id)
	if !ok {
		return fmt.Errorf("%w: %.100q", errAlien, wire)
	}
	entry, err := r.opts.Entry(ctx, id, log, seq)
	if err != nil {
		return err
	}
	if !bytes.Equal(entry, wire) {
		return fmt.Errorf("%w: the record has another entry %d than what an earlier server has left, or none", errAlien, seq)
	}
	r.vouched.add(key)
	return nil
}
