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

	// maxQueued bounds what waits for one conversation's writer, in bytes of Message.Size: about 4,000 short messages,
	// some hundred milliseconds of the writer's work. Where it is full, the senders' own reading waits.
	maxQueued = 2 << 20
)

// A writer holds one conversation's sends that are to go on the record, in the order in which they were queued. It
// exists only while there is work: the first send makes it and queues it for a commit (groupcommit.go). While one append
// request is on its way to the disk, the sends of the next one gather.
type writer struct {
	id    protocol.ConversationID // fixed
	shard *shard                  // fixed

	// Guarded by the shard's mutex.
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

// Send queues a message for its conversation's writer and returns; what became of it comes to send.Completion. It waits
// only while that queue is full, or for the disk where a late resend must be looked up. An error means that it was
// not queued and nothing will come: ctx ended, or the lookup failed.
func (s *Store) Send(ctx context.Context, send *Send) error {
	if send.ID != "" || send.Prev != "" {
		prepared, err := s.record.PrepareDedup(ctx, &send.Message)
		if err != nil {
			return err
		}
		send.Prepared = prepared
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
	first := w == nil
	if first {
		w = &writer{id: protocol.ConversationID(strings.Clone(string(send.Conversation))), shard: sh}
		sh.writers[w.id] = w
	}
	w.queue = append(w.queue, send)
	w.queued += send.Size()
	sh.mu.Unlock()
	s.stats.queued.Add(1)
	if first {
		s.stats.writers.Add(1)
		s.ready(w)
	}
	return nil
}

// take gives what waits for the writer, unless that is more than most bytes; spare is an empty slice for what comes next.
func (w *writer) take(most int, spare []*Send) (sends []*Send, size int) {
	w.shard.mu.Lock()
	defer w.shard.mu.Unlock()
	if w.queued > most {
		return nil, 0
	}
	sends, size = w.queue, w.queued
	w.queue, w.queued = spare, 0
	if w.room != nil {
		close(w.room)
		w.room = nil
	}
	return sends, size
}

// done ends a writer whose queue is empty, and says whether it was. Send looks for the writer under the same lock, so
// that no send is left behind.
func (w *writer) done() bool {
	w.shard.mu.Lock()
	defer w.shard.mu.Unlock()
	if len(w.queue) > 0 {
		return false
	}
	delete(w.shard.writers, w.id)
	return true
}

// SendWait is Send that returns once the message is completed; the result is in the send. Its Completion is overwritten.
func (s *Store) SendWait(ctx context.Context, send *Send) error {
	completed := make(completedSignal, 1)
	send.Completion = completed
	if err := s.Send(ctx, send); err != nil {
		return err
	}
	select {
	case <-completed:
		return nil
	case <-ctx.Done():
		return ctx.Err() // it may or may not come onto the record; the send is the writer's now
	}
}

// completedSignal has capacity 1, since a send is completed once; it is never closed.
type completedSignal chan struct{}

func (c completedSignal) Completed(*Send) { c <- struct{}{} }

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
