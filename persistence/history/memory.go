package history

import (
	"container/list"
	"context"
	"sync"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Memory is the history of a server without Redis: the entries themselves, shared with their appender.
// It has no goroutine; a timer runs only while there is something that can expire.
type Memory struct {
	opts Options // fixed after NewMemory

	// Guarded by mu. Nothing under it waits, or walks through more than it lets go of.
	mu       sync.Mutex
	runs     map[protocol.ConversationID]*run
	used     list.List // of *run, the least recently read or appended to in front: memory is taken from there
	appended list.List // of *run, the one that expires first in front
	bytes    int64
	sweep    *time.Timer // nil: nothing is armed
	closed   bool
	stats    Stats // Dropped and Appended alone
}

// NewMemory makes an empty history.
func NewMemory(o Options) *Memory {
	return &Memory{opts: o.withDefaults(), runs: make(map[protocol.ConversationID]*run)}
}

// Append keeps the entries: see persistence.History.
func (m *Memory) Append(id protocol.ConversationID, log protocol.LogID, entries *persistence.Entries) {
	if entries == nil || entries.Len() == 0 {
		return
	}
	now := m.opts.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	r := m.runs[id]
	if r != nil && (r.log != log || !now.Before(r.expires)) {
		m.forget(r) // another log is another story, and what has expired is not revived
		r = nil
	}
	if r == nil {
		r = &run{id: id, log: log}
		r.used, r.appended = m.used.PushBack(r), m.appended.PushBack(r)
		m.runs[id] = r
		m.bytes += runBytes
	} else {
		m.used.MoveToBack(r.used)
		m.appended.MoveToBack(r.appended)
	}
	r.expires = now.Add(m.opts.TTL)
	m.bytes += r.add(entries, m.opts.Size)
	m.stats.Appended += int64(entries.Len())
	m.shed()
	m.arm(now)
}

// Range gives entries as they were appended; it copies only to join small parts.
func (m *Memory) Range(
	_ context.Context, id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, maxBytes int,
) (*persistence.Entries, error) {
	found := m.find(id, log, from, to, maxBytes)
	if len(found) == 0 {
		return nil, nil
	}
	one := *found[0].Cut(from, to, maxBytes)
	one.At = 0 // they are read back now
	if len(found) == 1 || one.Last() < found[0].Last() || len(one.Frames) >= maxBytes/2 {
		return &one, nil
	}
	return join(found, from, to, maxBytes), nil
}

func (m *Memory) find(
	id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, maxBytes int,
) []*persistence.Entries {
	now := m.opts.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.runs[id]
	if r == nil || r.log != log || !now.Before(r.expires) {
		return nil
	}
	m.used.MoveToBack(r.used)
	return r.find(from, to, maxBytes)
}

// join copies the frames of several parts into one.
func join(found []*persistence.Entries, from, to protocol.Seq, maxBytes int) *persistence.Entries {
	size, entries := 0, 0
	for _, b := range found {
		size += len(b.Frames)
		entries += b.Len()
	}
	all := &persistence.Entries{
		First: from, Frames: make([]byte, 0, max(0, min(size, maxBytes))), Ends: make([]uint32, 0, entries),
	}
	for _, b := range found {
		for seq := max(from, b.First); seq <= min(to, b.Last()); seq++ {
			frame := b.Frame(seq)
			if all.Len() > 0 && len(all.Frames)+len(frame) > maxBytes {
				return all
			}
			all.Frames = append(all.Frames, frame...)
			all.Ends = append(all.Ends, uint32(len(all.Frames)))
		}
	}
	return all
}

// shed takes memory from the conversations that nobody has asked for longest, their oldest parts first.
func (m *Memory) shed() {
	for m.bytes > m.opts.Memory && m.used.Len() > 0 {
		r := m.used.Front().Value.(*run)
		before := r.bytes
		m.stats.Dropped += int64(r.shed())
		m.bytes += r.bytes - before
		if r.n == 0 {
			m.forget(r)
		}
	}
}

func (m *Memory) forget(r *run) {
	delete(m.runs, r.id)
	m.used.Remove(r.used)
	m.appended.Remove(r.appended)
	m.bytes -= r.bytes + runBytes
}

// arm starts the timer unless it runs, if something can expire. Appends leave a running one alone: it finds
// nothing then, and is armed for what is next. It is never armed for less than a hundredth of the TTL, so that many
// conversations that expire one after another are few wakes; Range looks at the time itself.
func (m *Memory) arm(now time.Time) {
	if m.sweep != nil || m.appended.Len() == 0 {
		return
	}
	next := m.appended.Front().Value.(*run).expires.Sub(now)
	m.sweep = time.AfterFunc(max(next, m.opts.TTL/100), m.expire)
}

// expire is run by the timer, in a goroutine of its own that waits for mu alone and ends when it returns.
func (m *Memory) expire() {
	now := m.opts.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep = nil
	for m.appended.Len() > 0 {
		r := m.appended.Front().Value.(*run)
		if now.Before(r.expires) {
			break
		}
		m.forget(r)
	}
	m.arm(now)
}

// Stats returns how much is held.
func (m *Memory) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.Bytes, s.Conversations = m.bytes, int64(len(m.runs))
	return s
}

// Close lets go of everything.
func (m *Memory) Close(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sweep != nil {
		m.sweep.Stop()
		m.sweep = nil
	}
	m.closed, m.runs, m.bytes = true, nil, 0
	m.used.Init()
	m.appended.Init()
	return nil
}
