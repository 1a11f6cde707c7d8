package session

import (
	"context"
	"strconv"

	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
)

// How a stream of events finds its entries, as a session's cursors do, and writes them.

// catchUp writes the entries up to last.
func (s *stream) catchUp(last protocol.Seq) error {
	if s.at >= last {
		return nil
	}
	buf := writeBuffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxPooled {
			writeBuffers.Put(buf)
		}
	}()
	for s.at < last && !s.over() {
		if !s.allowed(s.member.Conversation.ID) {
			break
		}
		from := s.at
		out, unread := s.gather((*buf)[:0], last)
		*buf = out[:0]
		if err := s.send(out, int64(s.at-from)); err != nil {
			return err
		}
		if unread == nil {
			continue
		}
		s.tellUnread(unread)
		if err := s.rest(fetchRetry); err != nil {
			return err
		}
	}
	s.block = nil
	return nil
}

// gather takes entries for one write call.
func (s *stream) gather(out []byte, last protocol.Seq) ([]byte, error) {
	for s.at < last && len(out) < maxCall {
		b, live, err := s.entries(last)
		if b == nil || err != nil {
			return out, err
		}
		for s.at < b.Last() && len(out) < maxCall {
			s.at++
			out = appendEvent(out, s.at, b.Wire(s.at))
		}
		if live && s.at == b.Last() {
			s.member.Passed()
		}
	}
	return out, nil
}

func appendEvent(dst []byte, seq protocol.Seq, entry []byte) []byte {
	dst = strconv.AppendUint(append(dst, "id: "...), uint64(seq), 10)
	dst = append(append(dst, "\ndata: "...), entry...) // an entry is one line
	return append(dst, "\n\n"...)
}

// entries returns entries with the next one, of the block that was read, of the ring, or of a block that it reads, and
// reports whether it is the ring's. It returns nil if the stream is over.
func (s *stream) entries(last protocol.Seq) (b *persistence.Entries, live bool, err error) {
	next := s.at + 1
	if s.block != nil && s.block.Holds(next) {
		return s.block, false, nil
	}
	if b := s.member.Find(next); b != nil {
		return b, true, nil
	}
	if !s.env.fetches.take(s.dead, s.ctx.Done()) {
		return nil, false, nil
	}
	defer s.env.fetches.release()
	id := s.member.Conversation.ID
	if s.log == "" { // it had no entry when the stream began
		tail, err := s.env.Store.Tail(id)
		if err != nil {
			return nil, false, err
		}
		s.log = tail.Log
	}
	s.block, err = s.env.Store.Read(context.WithoutCancel(s.ctx), id, s.log, next, last, fetchBlock)
	return s.block, false, err
}

// allowed reports whether who asked for the stream may still read the conversation.
func (s *stream) allowed(id protocol.ConversationID) bool {
	return s.env.Policy == nil || s.env.Policy.May(s.subject, permissions.Read, id)
}
