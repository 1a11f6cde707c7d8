package persistence

import (
	"bytes"
	"context"
	"sync"

	"verbatim/protocol"
)

// mostLast bounds what is kept of last entries, in bytes with lastCost for each.
const (
	mostLast = 16 << 20
	lastCost = 128
)

// lastEntries keeps the last entries that lists have shown, so that a list reads only what is new in it. It is asked by
// lists alone: whoever sends pays nothing for it. Safe for concurrent use.
type lastEntries struct {
	mu   sync.Mutex
	byID map[protocol.ConversationID]lastEntry // guarded by mu
	size int                                   // guarded by mu
}

type lastEntry struct {
	log  protocol.LogID
	seq  protocol.Seq
	wire []byte // never changed
}

func (l *lastEntries) get(id protocol.ConversationID, tail Tail) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.byID[id]; e.log == tail.Log && e.seq == tail.Last {
		return e.wire
	}
	return nil
}

func (l *lastEntries) put(id protocol.ConversationID, e lastEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = make(map[protocol.ConversationID]lastEntry)
	}
	if old, ok := l.byID[id]; ok {
		l.drop(id, old)
	}
	for other, old := range l.byID { // any of them: the next list reads it again
		if l.size+len(e.wire)+lastCost <= mostLast {
			break
		}
		l.drop(other, old)
	}
	l.byID[id] = e
	l.size += len(e.wire) + lastCost
}

// drop is called with mu held.
func (l *lastEntries) drop(id protocol.ConversationID, e lastEntry) {
	delete(l.byID, id)
	l.size -= len(e.wire) + lastCost
}

// LastEntry returns the JSON of a conversation's last entry, as its tail has it; nobody may change it. It may wait for
// the disk, and never for Redis.
func (s *Store) LastEntry(ctx context.Context, id protocol.ConversationID, tail Tail) ([]byte, error) {
	if wire := s.lasts.get(id, tail); wire != nil {
		return wire, nil
	}
	entries, err := s.record.Read(ctx, id, tail.Last, tail.Last, 1)
	if err != nil {
		return nil, err
	}
	wire := bytes.Clone(entries.Wire(tail.Last))
	s.lasts.put(id, lastEntry{tail.Log, tail.Last, wire})
	return wire, nil
}
