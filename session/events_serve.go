package session

import (
	"cmp"
	"math/rand/v2"
	"strconv"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	// heartbeat is how long a stream of events is silent before a comment: proxies close what is silent for a minute.
	heartbeat = 15 * time.Second
	// lookEvery is how often a stream looks whether it is silent, and whether its client is still there.
	lookEvery = 5 * time.Second
)

// How a stream of events begins, waits for entries, and notices a client that takes nothing.

// serve writes events until the connection is gone, which is an error, or until a drain tells it to leave.
func (s *stream) serve(e *Events) error {
	s.tookAt = time.Now()
	// A crash must not bring all back at once.
	if err := s.send(appendRetry(e.Head, time.Second+rand.N(4*time.Second)), 0); err != nil {
		return err
	}
	// Read after the hub knows the member: what is above this tail wakes it.
	tail, err := s.env.Store.Tail(e.Conversation)
	for err != nil {
		s.tellUnread(err)
		if err := s.rest(fetchRetry); err != nil || s.over() {
			return cmp.Or(err, s.end())
		}
		tail, err = s.env.Store.Tail(e.Conversation)
	}
	if !s.allowed(e.Conversation) {
		return s.withdraw(e.Conversation)
	}
	s.begin(e, tail)
	if err := s.send(s.opening(e, tail), 0); err != nil {
		return err
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for last := tail.Last; ; {
		s.member.Awake()
		last = max(last, s.member.Last())
		if err := s.catchUp(last); err != nil {
			return err
		}
		if !s.allowed(e.Conversation) {
			return s.withdraw(e.Conversation)
		}
		select {
		case <-s.woken:
		case <-look.C:
			if err := s.look(); err != nil {
				return err
			}
		case <-s.dead:
			return s.failure
		case <-s.ctx.Done():
			return nil
		}
	}
}

// begin puts the cursor where the stream begins.
func (s *stream) begin(e *Events, tail persistence.Tail) {
	s.log, s.at = tail.Log, protocol.Seq(e.After.Value)
	if !e.After.Set {
		s.at = tail.Last - min(tail.Last, protocol.Seq(e.Limit))
	}
}

// opening returns what comes before the first entry: whether the client knew another record, and which record this is.
// None of it changes the last event's id, but for the reset, which clears it.
func (s *stream) opening(e *Events, tail persistence.Tail) []byte {
	var out []byte
	if e.Reset {
		out = append(out, "id:\nevent: reset\ndata: "...)
		out = append(protocol.Failure{Conversation: e.Conversation, Err: protocol.Reset()}.AppendJSON(out), "\n\n"...)
	}
	out = append(out, "event: record\ndata: "...)
	out = protocol.Record{
		Conversation: e.Conversation, Log: tail.Log, First: s.at + 1, Last: tail.Last, Sum: tail.Sum,
	}.AppendJSON(out)
	return append(out, "\n\n"...)
}

func appendRetry(dst []byte, after time.Duration) []byte {
	return append(strconv.AppendInt(append(dst, "retry: "...), after.Milliseconds(), 10), "\n\n"...)
}

// send writes what there is in one call where the socket takes it.
func (s *stream) send(out []byte, entries int64) error {
	if len(out) == 0 {
		return nil
	}
	if err := s.conn.wire.send(out, s.env.Limits.WriteTimeout); err != nil {
		return err
	}
	s.wrote = time.Now()
	s.env.Counters.Deliveries.Add(entries)
	s.env.Counters.BytesOut.Add(int64(len(out)))
	return nil
}

// look ends a stream whose peer has taken none of what it owes for the write timeout, and breaks a silence with a
// comment. A comment has no answer as a ping has. What TCP acknowledges is all that is known of a client that vanished,
// also while there is something to write, since that fits into the kernel's buffer for long.
func (s *stream) look() error {
	switch acked, owed := s.progress(); {
	case owed == 0 || acked != s.acked:
		s.acked, s.tookAt = acked, time.Now()
	case time.Since(s.tookAt) >= s.env.Limits.WriteTimeout:
		return errStalled
	}
	if time.Since(s.wrote) < heartbeat {
		return nil
	}
	return s.send([]byte(":\n\n"), 0)
}

func (s *stream) over() bool {
	select {
	case <-s.dead:
		return true
	case <-s.ctx.Done():
		return true
	default:
		return false
	}
}

// rest waits, but not beyond the stream's end.
func (s *stream) rest(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return s.look()
	case <-s.dead:
	case <-s.ctx.Done():
	}
	return nil
}

// withdraw ends a stream with `left`: its client asks again, and is refused. The error is of the connection.
func (s *stream) withdraw(id protocol.ConversationID) error {
	out := withdrawn(id).AppendJSON([]byte("event: left\ndata: "))
	if err := s.send(append(out, "\n\n"...), 0); err != nil {
		return err
	}
	s.env.reading.dismiss(s, &farewell{code: protocol.CloseForbidden, reason: protocol.Forbidden().Reason})
	return nil
}
