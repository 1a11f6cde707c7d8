package persistence

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"

	"verbatim/protocol"
)

const (
	writerShards = 64

	// maxQueued bounds what waits for one conversation's writer, in bytes of Send.Size: about 4,000 short messages,
	// some hundred milliseconds of the writer's work. Where it is full, the senders' own reading waits.
	maxQueued = 2 << 20
)

// A writer puts one conversation's sends on the record, in the order in which they were queued. It exists only while
// there is work: the first send starts its goroutine, which ends when the queue is empty. While one batch is on its
// way to the disk the next one gathers.
type writer struct {
	id protocol.ConversationID

	// Guarded by its shard's mutex.
	queue  []*Send
	queued int           // bytes
	room   chan struct{} // closed when the queue was taken; nil: nobody waits for that
}

type shard struct {
	mu      sync.Mutex
	writers map[protocol.ConversationID]*writer
}

func (s *Store) shardOf(id protocol.ConversationID) *shard {
	return &s.shards[maphash.String(s.seed, string(id))%writerShards]
}

// Send queues a message for its conversation's writer and returns; what became of it comes to send.Settler. It waits
// only while that queue is full, or for the disk where a late resend must be looked up. An error means that it was
// not queued and nothing will come: ctx ended, or the lookup failed.
func (s *Store) Send(ctx context.Context, send *Send) error {
	if send.ID != "" && send.Since.Set {
		if err := s.record.Recall(ctx, send); err != nil {
			return err
		}
	}
	sh := s.shardOf(send.Conversation)
	sh.mu.Lock()
	w := sh.writers[send.Conversation]
	for w != nil && w.queued > maxQueued {
		if w.room == nil {
			w.room = make(chan struct{})
		}
		room := w.room
		sh.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
		sh.mu.Lock()
		w = sh.writers[send.Conversation]
	}
	start := w == nil
	if start {
		w = &writer{id: protocol.ConversationID(strings.Clone(string(send.Conversation)))}
		sh.writers[w.id] = w
		s.writing.Add(1)
	}
	w.queue = append(w.queue, send)
	w.queued += send.Size()
	sh.mu.Unlock()
	s.stats.queued.Add(1)
	if start {
		s.stats.writers.Add(1)
		go s.write(sh, w) // the store's own; waits for the record; ends when the queue is empty (Drain waits for it)
	}
	return nil
}

func (s *Store) write(sh *shard, w *writer) {
	defer s.writing.Done()
	defer s.stats.writers.Add(-1)
	var sends []*Send
	for {
		sh.mu.Lock()
		sends, w.queue = w.queue, sends[:0]
		w.queued = 0
		if w.room != nil {
			close(w.room)
			w.room = nil
		}
		if len(sends) == 0 {
			// Under the lock that Send holds while it looks for the writer: no send is left behind.
			delete(sh.writers, w.id)
			sh.mu.Unlock()
			return
		}
		sh.mu.Unlock()
		s.stats.queued.Add(int64(-len(sends)))
		s.commit(w.id, sends)
		clear(sends)
	}
}

// commit puts a batch on the record, and only then tells anybody (protocol.md, promises 1 and 2).
func (s *Store) commit(id protocol.ConversationID, sends []*Send) {
	batch := s.record.Commit(id, sends)
	refused := 0
	for _, send := range sends {
		if send.Err != nil {
			refused++
		}
		send.Settler.Settled(send)
	}
	s.stats.refused.Add(int64(refused))
	s.stats.recorded.Add(int64(len(sends) - refused))
	if batch == nil {
		return
	}
	if s.publisher != nil {
		s.publisher.Publish(id, batch)
	}
	tail, err := s.record.Tail(id)
	if err != nil {
		// It was committed a moment ago, so its tail is in memory. Readers still find the entries on the record.
		s.log.Error().Err(err).Str("conversation", string(id)).Msg("committed entries are not in the history")
		return
	}
	s.history.Append(id, tail.Log, batch)
}

// SendWait is Send that returns once the message is settled; the outcome is in the send. Its Settler is overwritten.
func (s *Store) SendWait(ctx context.Context, send *Send) error {
	settled := make(settledSignal, 1)
	send.Settler = settled
	if err := s.Send(ctx, send); err != nil {
		return err
	}
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return ctx.Err() // it may or may not come onto the record; the send is the writer's now
	}
}

// settledSignal has capacity 1, since a send is settled once; it is never closed.
type settledSignal chan struct{}

func (c settledSignal) Settled(*Send) { c <- struct{}{} }

// Drain waits until every writer is idle. Who calls it has seen to it that no more sends come.
func (s *Store) Drain(ctx context.Context) error {
	idle := make(chan struct{})
	go func() { // Drain's own; waits for the writers; where they hang on the disk it ends with the process
		s.writing.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
