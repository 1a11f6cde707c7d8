package session

import (
	"strings"

	"verbatim/hub"
	"verbatim/protocol"
)

// joinByURL is a join that stood in the connection's URL.
func (s *Session) joinByURL(id string) {
	r := protocol.Request{Type: protocol.TypeJoin, Limit: protocol.DefaultPage, Entries: true}
	if !protocol.ConversationID(id).Valid() {
		s.refuse(&r, protocol.InvalidConversation(id))
		return
	}
	r.Conversation = protocol.ConversationID(id)
	if err := s.join(&r); err != nil {
		s.refuse(&r, err)
	}
}

// join puts a cursor on a conversation's log. Joining again starts anew: the old cursor stops and the new one starts
// at the same point of the stream, the `joined` between them.
func (s *Session) join(r *protocol.Request) *protocol.Error {
	old := s.joins[r.Conversation]
	if old == nil && len(s.joins) >= s.env.Limits.Joins {
		return protocol.Errorf(protocol.CodeRateLimited, "a session joins at most %d conversations: leave one first", s.env.Limits.Joins)
	}
	tail, err := s.env.Store.Tail(r.Conversation)
	switch {
	case err != nil:
		return s.unavailable(err)
	case r.Log != "" && r.Log != tail.Log:
		return protocol.Reset()
	}
	if err := s.sameRecord(r); err != nil {
		return err
	}
	switch {
	case r.After.Set && protocol.Seq(r.After.Value) > tail.Last:
		return protocol.BeyondLast("after", protocol.Seq(r.After.Value), tail.Last)
	}
	c := &cursor{session: s}
	c.member = hub.Member{Kind: hub.Reading, User: s.user, Waker: c}
	if !r.Entries {
		c.member.Kind = hub.Following
	}
	id := protocol.ConversationID(strings.Clone(string(r.Conversation)))
	snapshot := s.env.Hub.Join(&c.member, id)
	// Read after the hub knows the member: what is above this tail wakes it.
	if tail, err = s.env.Store.Tail(id); err != nil {
		s.env.Hub.Leave(&c.member)
		return s.unavailable(err)
	}
	c.log, c.last = tail.Log, tail.Last
	c.at = startOf(r, tail.Last)
	s.joins[id] = c
	s.mu.Lock()
	if old != nil {
		old.stop()
	}
	s.replies = protocol.FrameTo(s.replies, protocol.Joined{
		Ref: r.Ref, Conversation: id, Log: tail.Log, First: c.at + 1, Last: tail.Last, Sum: tail.Sum,
		Read: snapshot.Read, Online: snapshot.Online, Count: snapshot.Count, Reads: snapshot.Reads,
	})
	c.active = true
	s.mu.Unlock()
	if old != nil {
		s.env.Hub.Leave(&old.member)
	}
	c.member.Wake()
	return nil
}

// sameRecord refuses a join whose client knows an entry that the record does not have, or has with another sum. Reading it
// makes only this session's own reading wait.
func (s *Session) sameRecord(r *protocol.Request) *protocol.Error {
	if r.Known == 0 {
		return nil
	}
	s.alive.pause()
	defer s.alive.resume(s)
	same, err := s.env.Store.Holds(s.ctx, r.Conversation, r.Known, r.Sum)
	switch {
	case err != nil:
		return s.unavailable(err)
	case !same:
		return protocol.Reset()
	}
	return nil
}

// startOf is the seq after which the stream of a join begins.
func startOf(r *protocol.Request, last protocol.Seq) protocol.Seq {
	switch {
	case !r.Entries:
		return last
	case r.After.Set:
		return protocol.Seq(r.After.Value)
	default:
		return last - min(last, protocol.Seq(r.Limit))
	}
}

// leave stops a join. Nothing of it comes after `left`, since the cursor stops under the lock that queues the reply.
func (s *Session) leave(r *protocol.Request) *protocol.Error {
	c := s.joins[r.Conversation]
	if c == nil {
		return notJoined(r.Conversation)
	}
	delete(s.joins, r.Conversation)
	s.env.Hub.Leave(&c.member)
	s.mu.Lock()
	c.stop()
	s.replies = protocol.FrameTo(s.replies, protocol.Left{Ref: r.Ref, Conversation: r.Conversation})
	s.mu.Unlock()
	s.wake()
	return nil
}

func notJoined(id protocol.ConversationID) *protocol.Error {
	return protocol.Errorf(protocol.CodeNotJoined, `this session has not joined %q: send {"type":"join","conversation":"%[1]s"} first`, id)
}
