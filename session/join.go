package session

import (
	"strings"

	"verbatim/hub"
	"verbatim/protocol"
)

// joinByURL makes a join of the connection's URL.
func (s *session) joinByURL(id string) {
	r := protocol.Request{Type: protocol.TypeJoin, Limit: protocol.DefaultPage, Entries: true}
	if !protocol.ConversationID(id).Valid() {
		s.refuse(&r, protocol.InvalidConversation(id))
		return
	}
	r.Conversation = protocol.ConversationID(id)
	if s.expired() {
		s.refuse(&r, errExpired)
		return
	}
	err := s.permit(&r)
	if err == nil {
		err = s.join(&r)
	}
	if err != nil {
		s.refuse(&r, err)
	}
}

// join puts a cursor on a conversation's log. Joining again starts over: the old cursor stops and the new one starts at
// the same point of the stream, the `joined` between them.
func (s *session) join(r *protocol.Request) *protocol.Error {
	old := s.joins[r.Conversation]
	if old == nil && len(s.joins) >= s.env.Limits.Joins {
		return protocol.Errorf(protocol.CodeRateLimited,
			"a session joins at most %d conversations: leave one first", s.env.Limits.Joins)
	}
	if err := s.checkJoin(r); err != nil {
		return err
	}

	c := &cursor{out: &s.out}
	c.member.Kind = hub.Reading
	c.member.User = s.user
	c.member.Waker = c
	if !r.Entries {
		c.member.Kind = hub.Following
	}
	id := protocol.ConversationID(strings.Clone(string(r.Conversation)))
	snapshot := s.env.Hub.Join(&c.member, id)
	tail, err := s.env.Store.Tail(id) // after the hub knows the member: what is above this tail wakes it
	if err != nil {
		s.env.Hub.Leave(&c.member)
		return s.unavailable(err)
	}

	c.log = tail.Log
	c.last = tail.Last
	c.at = startOf(r, tail.Last)
	s.joins[id] = c
	c.begin(old, &protocol.Joined{
		Ref: r.Ref, Conversation: id, Log: tail.Log, First: c.at + 1, Last: tail.Last, Sum: tail.Sum,
		Read: snapshot.Read, Online: snapshot.Online, Count: snapshot.Count, Reads: snapshot.Reads,
	})
	if old != nil {
		s.env.Hub.Leave(&old.member)
	}
	c.member.Wake() // an ack that waits for old's wake goes out with it (cursor.Completed)
	return nil
}

// checkJoin refuses a join of another record than the client knows, or of a place beyond the last entry.
func (s *session) checkJoin(r *protocol.Request) *protocol.Error {
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
	if after := protocol.Seq(r.After.Value); r.After.Set && after > tail.Last {
		return protocol.BeyondLast("after", after, tail.Last)
	}
	return nil
}

// sameRecord refuses a join if the client knows an entry that the record does not have, or has with another sum. Only
// this session's own reading waits for the look-up.
func (s *session) sameRecord(r *protocol.Request) *protocol.Error {
	if r.Known == 0 {
		return nil
	}
	s.alive.pause()
	defer s.alive.resume(&s.link)
	same, err := s.env.Store.Holds(s.ctx, r.Conversation, r.Known, r.Sum)
	switch {
	case err != nil:
		return s.unavailable(err)
	case !same:
		return protocol.Reset()
	}
	return nil
}

// startOf returns the seq after which the stream of a join begins.
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

// leave stops a join.
func (s *session) leave(r *protocol.Request) *protocol.Error {
	c := s.joins[r.Conversation]
	if c == nil {
		return notJoined(r.Conversation)
	}
	delete(s.joins, r.Conversation)
	s.env.Hub.Leave(&c.member)
	c.end(protocol.Left{Ref: r.Ref, Conversation: r.Conversation})
	return nil
}

func notJoined(id protocol.ConversationID) *protocol.Error {
	return protocol.Errorf(protocol.CodeNotJoined,
		`this session has not joined %q: send {"type":"join","conversation":"%[1]s"} first`, id)
}
