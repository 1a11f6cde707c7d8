package disk

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"verbatim/protocol"
)

// sumCache remembers sums that were read: after a restart thousands come back to a conversation knowing the same entry, and
// one of them reads it. Safe for concurrent use; a slot holds whichever was read last.
type sumCache [1024]atomic.Pointer[knownSum]

// knownSum is one entry's. It is never changed.
type knownSum struct {
	conversation *conversation
	seq          protocol.Seq
	sum          protocol.Sum
}

// Sum is persistence.Record's.
func (r *Record) Sum(ctx context.Context, id protocol.ConversationID, seq protocol.Seq) (protocol.Sum, error) {
	c, err := r.sound(id)
	if err != nil {
		return protocol.Sum{}, err
	}
	tail, _, _ := c.snapshot()
	switch {
	case seq < 1 || seq > tail.Last:
		return protocol.Sum{}, fmt.Errorf("transcript: sum of %s: %d is not within 1 to %d", id, seq, tail.Last)
	case seq == tail.Last:
		return tail.Sum, nil
	}
	slot := &r.sums[(maphash.String(r.seed, string(id))+uint64(seq))%uint64(len(r.sums))]
	if known := slot.Load(); known != nil && known.conversation == c && known.seq == seq {
		return known.sum, nil
	}
	_, sum, err := r.entry(ctx, c, seq)
	if err != nil {
		return protocol.Sum{}, err
	}
	slot.Store(&knownSum{c, seq, sum})
	return sum, nil
}
