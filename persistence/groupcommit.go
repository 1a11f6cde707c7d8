package persistence

import (
	"math"
	"sync"
)

const (
	// maxAppends is how many conversations share one Commit, at most.
	maxAppends = 64
	// maxShared bounds their sends, in bytes of Message.Size. A conversation with more has a Commit for itself, so that a
	// busy one does not hold up quiet ones.
	maxShared = 64 << 10
)

// writerQueue is the writers that have sends to commit, the longest waiting first.
type writerQueue struct {
	mu      sync.Mutex
	writers []*writer
	coming  bool // a goroutine was started for them, and has not looked yet
}

// ready queues a writer and starts a goroutine that commits, if none is on its way. The writers that gather until then
// share one Commit: a message that comes alone is committed at once, and the more messages there are, the fewer
// goroutines and wakes each costs.
func (s *Store) ready(w *writer) {
	s.waiting.mu.Lock()
	defer s.waiting.mu.Unlock()
	s.waiting.writers = append(s.waiting.writers, w)
	s.call()
}

// call starts a goroutine that commits, if writers wait and none is on its way. waiting.mu is held.
func (s *Store) call() {
	if s.waiting.coming || len(s.waiting.writers) == 0 {
		return
	}
	s.waiting.coming = true
	s.writing.Add(1)
	go s.write() // the store's own; waits for the record; ends when no writer waits (Drain waits for it)
}

// group is the append requests that share one Commit, and the writer of each.
type group struct {
	writers []*writer
	appends []*AppendRequest
	spare   []*AppendRequest // with slices to use again
}

var groups = sync.Pool{New: func() any { return new(group) }}

func (s *Store) write() {
	defer s.writing.Done()
	g := groups.Get().(*group)
	defer groups.Put(g)
	s.waiting.mu.Lock()
	s.waiting.coming = false
	s.waiting.mu.Unlock()
	for s.take(g) {
		s.record.Commit(g.appends)
		for i, t := range g.appends {
			w := g.writers[i]
			if t.Retry {
				s.writing.Add(1)
				go s.alone(w, t.Sends) // the store's own; waits for the record; ends after one Commit (Drain waits for it)
				t.Sends = nil
				continue
			}
			s.complete(t)
			s.again(w, i == len(g.appends)-1)
		}
		g.clear()
	}
}

// take makes a group of the writers that have waited longest, and reports whether there are any. For the writers that
// it does not take, another goroutine is started.
func (s *Store) take(g *group) bool {
	s.waiting.mu.Lock()
	defer s.waiting.mu.Unlock()
	queue := s.waiting.writers
	for room := math.MaxInt; len(g.appends) < min(len(queue), maxAppends); {
		w, t := queue[len(g.appends)], g.next()
		sends, size := w.take(room, t.Sends)
		if len(sends) == 0 {
			break // it has more than fits
		}
		s.stats.queued.Add(int64(-len(sends)))
		*t = AppendRequest{Conversation: w.id, Sends: sends}
		g.writers, g.appends = append(g.writers, w), append(g.appends, t)
		room = min(room, maxShared) - size
	}
	clear(queue[:len(g.appends)])
	s.waiting.writers = queue[len(g.appends):]
	s.call()
	return len(g.appends) > 0
}

// next returns a request that is free: the next in spare, where clear finds it.
func (g *group) next() *AppendRequest {
	if len(g.spare) == len(g.appends) {
		g.spare = append(g.spare, new(AppendRequest))
	}
	return g.spare[len(g.appends)]
}

// clear keeps the slices, and drops what they refer to.
func (g *group) clear() {
	for _, t := range g.appends {
		clear(t.Sends)
		*t = AppendRequest{Sends: t.Sends[:0]}
	}
	clear(g.writers)
	g.writers, g.appends = g.writers[:0], g.appends[:0]
}

// alone commits a request that would have made others wait.
func (s *Store) alone(w *writer, sends []*Send) {
	defer s.writing.Done()
	t := &AppendRequest{Conversation: w.id, Sends: sends}
	s.record.Commit([]*AppendRequest{t})
	s.complete(t)
	s.again(w, false)
}

// again queues a writer if more sends have gathered, and ends it if none have. staying says that the caller looks at the
// queue next, so that no goroutine is needed.
func (s *Store) again(w *writer, staying bool) {
	if w.done() {
		s.stats.writers.Add(-1)
		return
	}
	if !staying {
		s.ready(w)
		return
	}
	s.waiting.mu.Lock()
	defer s.waiting.mu.Unlock()
	s.waiting.writers = append(s.waiting.writers, w)
}

// complete reports the results of a request, which it may since they are on the record (docs/protocol, promises 1 and
// 2). Every request that made entries is published right after its completions: a session may leave its ack to the wake
// that this brings (session/completion.go).
func (s *Store) complete(t *AppendRequest) {
	refused := 0
	for _, send := range t.Sends {
		if send.Err != nil {
			refused++
		}
		send.Completion.Completed(send)
	}
	s.stats.refused.Add(int64(refused))
	s.stats.recorded.Add(int64(len(t.Sends) - refused))
	if t.Entries == nil {
		return
	}
	if s.publisher != nil {
		s.publisher.Publish(t.Conversation, t.Entries)
	}
	s.history.Append(t.Conversation, t.Log, t.Entries)
}
