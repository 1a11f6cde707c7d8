package persistence

import (
	"math"
	"sync"
)

const (
	// maxTurns is how many conversations share one Commit, at most.
	maxTurns = 64
	// maxShared bounds their sends, in bytes of Send.Size. A conversation with more has a Commit for itself, so that a
	// busy one does not hold up quiet ones.
	maxShared = 64 << 10
)

// line is the writers that wait for their turn, the longest waiting first.
type line struct {
	mu      sync.Mutex
	writers []*writer
	coming  bool // a goroutine was started for them, and has not looked yet
}

// ready puts a writer in line, and sees to it that somebody comes. What gathers until then shares one Commit: a message
// that comes alone is committed at once, and the more there are, the fewer goroutines and wakes each costs.
func (s *Store) ready(w *writer) {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	s.line.writers = append(s.line.writers, w)
	s.call()
}

// call starts a goroutine where writers wait and none is coming. line.mu is held.
func (s *Store) call() {
	if s.line.coming || len(s.line.writers) == 0 {
		return
	}
	s.line.coming = true
	s.writing.Add(1)
	go s.write() // the store's own; waits for the record; ends when nobody waits for a turn (Drain waits for it)
}

// group is the turns that share one Commit, and whose they are.
type group struct {
	writers []*writer
	turns   []*Turn
	spare   []*Turn // with slices to use again
}

var groups = sync.Pool{New: func() any { return new(group) }}

func (s *Store) write() {
	defer s.writing.Done()
	g := groups.Get().(*group)
	defer groups.Put(g)
	s.line.mu.Lock()
	s.line.coming = false
	s.line.mu.Unlock()
	for s.take(g) {
		s.record.Commit(g.turns)
		for i, t := range g.turns {
			w := g.writers[i]
			if t.Left {
				s.writing.Add(1)
				go s.alone(w, t.Sends) // the store's own; waits for the record; ends after one Commit (Drain waits for it)
				t.Sends = nil
				continue
			}
			s.settle(t)
			s.again(w, i == len(g.turns)-1)
		}
		g.clear()
	}
}

// take makes a group of those who have waited longest, and says whether there are any. For those whom it leaves somebody
// else comes.
func (s *Store) take(g *group) bool {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	waiting := s.line.writers
	for room := math.MaxInt; len(g.turns) < min(len(waiting), maxTurns); {
		w, t := waiting[len(g.turns)], g.turn()
		sends, size := w.take(room, t.Sends)
		if len(sends) == 0 {
			break // more than what is left
		}
		s.stats.queued.Add(int64(-len(sends)))
		*t = Turn{Conversation: w.id, Sends: sends}
		g.writers, g.turns = append(g.writers, w), append(g.turns, t)
		room = min(room, maxShared) - size
	}
	clear(waiting[:len(g.turns)])
	s.line.writers = waiting[len(g.turns):]
	s.call()
	return len(g.turns) > 0
}

// turn gives one that is free: the next in spare, where clear finds it.
func (g *group) turn() *Turn {
	if len(g.spare) == len(g.turns) {
		g.spare = append(g.spare, new(Turn))
	}
	return g.spare[len(g.turns)]
}

// clear keeps the slices, and lets go of what they held.
func (g *group) clear() {
	for _, t := range g.turns {
		clear(t.Sends)
		*t = Turn{Sends: t.Sends[:0]}
	}
	clear(g.writers)
	g.writers, g.turns = g.writers[:0], g.turns[:0]
}

// alone commits a turn that would have made others wait.
func (s *Store) alone(w *writer, sends []*Send) {
	defer s.writing.Done()
	t := &Turn{Conversation: w.id, Sends: sends}
	s.record.Commit([]*Turn{t})
	s.settle(t)
	s.again(w, false)
}

// again puts a writer in line where more has gathered, and ends it where nothing has. staying says that the caller looks
// at the line next.
func (s *Store) again(w *writer, staying bool) {
	if w.done() {
		s.stats.writers.Add(-1)
		return
	}
	if !staying {
		s.ready(w)
		return
	}
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	s.line.writers = append(s.line.writers, w)
}

// settle tells what became of a turn, which it may since it is on the record (docs/protocol, promises 1 and 2).
func (s *Store) settle(t *Turn) {
	refused := 0
	for _, send := range t.Sends {
		if send.Err != nil {
			refused++
		}
		send.Settler.Settled(send)
	}
	s.stats.refused.Add(int64(refused))
	s.stats.recorded.Add(int64(len(t.Sends) - refused))
	if t.Batch == nil {
		return
	}
	if s.publisher != nil {
		s.publisher.Publish(t.Conversation, t.Batch)
	}
	s.history.Append(t.Conversation, t.Log, t.Batch)
}
