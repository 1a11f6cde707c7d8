package session

import (
	"slices"
	"sync"

	"verbatim/hub"
)

// maxCall is how many bytes go out in one write call: it bounds what a stalled reader keeps in memory.
const maxCall = 48 << 10

// writeBuffers hold what goes out in one call. They grow to what calls need.
var writeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// wake sees to it that the writer looks. Where it runs already that is one atomic addition; else it is started.
func (s *Session) wake() {
	if s.pending.Add(1) == 1 {
		s.start(s.writer)
	}
}

// write is the session's writer: it waits for the client's socket and ends when there is nothing more to write. What
// comes while a call is under way gathers and goes out with the next one.
func (s *Session) write() {
	buf := writeBuffers.Get().(*[]byte)
	for {
		n := s.pending.Load()
		for s.writeOnce(buf) {
		}
		s.rest()
		if s.pending.CompareAndSwap(n, 0) {
			break
		}
	}
	if cap(*buf) <= maxPooled {
		writeBuffers.Put(buf)
	}
}

// writeOnce makes one write call with what there is, and says whether there was anything.
func (s *Session) writeOnce(buf *[]byte) bool {
	out, entries, last := s.gather((*buf)[:0])
	*buf = out[:0]
	s.askResync()
	if len(out) == 0 {
		return false
	}
	if err := s.conn.wire.send(out, s.env.Limits.WriteTimeout); err != nil {
		s.fail(err)
		return false
	}
	s.env.Counters.Deliveries.Add(entries)
	s.env.Counters.BytesOut.Add(int64(len(out)))
	if last != nil {
		close(last)
	}
	return true
}

// gather takes what is due: replies first, then the conversations in turn. Where the close frame goes out with it, last
// is the channel to close then.
func (s *Session) gather(out []byte) (_ []byte, entries int64, last chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeWoken()
	if s.closeSent || s.gone() {
		return out, 0, nil
	}
	out = s.takeReplies(out)
	if s.closed == nil {
		out, entries = s.takeTurns(out)
	} else if s.inFlight == 0 || s.closeNow {
		out = append(out, s.closing...)
		s.closeSent = true
		last = s.closed
	}
	return out, entries, last
}

// takeReplies adds what was asked for, and the connection's own frames. mu is held.
func (s *Session) takeReplies(out []byte) []byte {
	out = append(out, s.replies...)
	s.replies = s.replies[:0]
	s.madeRoom()
	out = append(out, s.pong...)
	s.pong = s.pong[:0]
	if s.pingDue {
		out = append(out, 0x89, 0) // an empty ping (RFC 6455, 5.5.2)
		s.pingDue = false
	}
	return out
}

// takeWoken moves the cursors that were woken to the end of the turns. mu is held.
func (s *Session) takeWoken() {
	for c := s.woken.Swap(nil); c != nil; {
		next := c.next
		c.next = nil
		c.member.Awake() // from here on it may be put on the stack again
		if !c.queued {
			c.queued = true
			s.turns = append(s.turns, c)
		}
		c = next
	}
}

// takeTurns adds what the conversations have, until a call is full; who has more then goes to the end of the turns. mu
// is held.
func (s *Session) takeTurns(out []byte) (_ []byte, entries int64) {
	var again []*cursor
	done := 0
	for ; done < len(s.turns) && len(out) < maxCall; done++ {
		c := s.turns[done]
		var more bool
		out, more = c.take(out, maxCall-len(out))
		entries += c.written
		c.written = 0
		if c.queued = more; more {
			again = append(again, c)
		}
	}
	s.turns = append(slices.Delete(s.turns, 0, done), again...)
	return out, entries
}

// askResync asks for the ephemeral state of the conversations that fell behind. The hub's queue may be full, so mu is
// not held.
func (s *Session) askResync() {
	for _, m := range s.resync {
		s.env.Hub.Resync(m)
	}
	s.resync = s.resync[:0]
}

// gone says whether the connection is closed.
func (s *Session) gone() bool {
	select {
	case <-s.dead:
		return true
	default:
		return false
	}
}

// rest gives back the memory that an idle session does not need.
func (s *Session) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.replies) == 0 {
		s.replies = nil
	}
	if len(s.turns) == 0 {
		s.turns = s.oneTurn[:0]
	}
}

var _ hub.Waker = (*cursor)(nil)
