package disk

import (
	"context"
	"errors"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// maxRun is how many bytes of lines are committed as one run, about: a larger batch goes in parts, so that it fits
// within the bounds of what may be pending.
const maxRun = 256 << 10

// Commit is persistence.Record's.
func (r *Record) Commit(id protocol.ConversationID, sends []*persistence.Send) *persistence.Batch {
	c, err := r.sound(id)
	if err == ErrNoConversation {
		c, err = &conversation{id: id, checked: true}, nil
	}
	t := &turn{r: r, c: c, batch: &persistence.Batch{}}
	if err != nil {
		t.refuse(sends, err)
		return nil
	}
	for len(sends) > 0 {
		n, err := t.part(sends)
		if err != nil {
			// What follows is refused as well: accepted, it would stand before what its author sent first.
			t.refuse(sends[n:], err)
			break
		}
		sends = sends[n:]
	}
	if t.batch.Len() == 0 {
		return nil
	}
	return t.batch
}

// turn is one Commit: its sends, decided and committed in one or more parts. Owned by the conversation's writer.
type turn struct {
	r     *Record
	c     *conversation
	batch *persistence.Batch // of all parts

	// Of the part under way:
	p        *proposal
	stamp    []byte // the part's time, as it stands on the wire
	salts    []byte
	salted   []byte // scratch: a salt and the wire bytes after it
	accepted []*persistence.Send
	keys     map[uint64]int // of accepted sends with an id: their place in accepted
	repeats  []repeat
	ids      *ids // nil: no send of the part has an id
}

// repeat is a send whose id an earlier one of its part has: it gets what that one gets.
type repeat struct{ send, first *persistence.Send }

// part decides as many sends as one run takes, and commits them. It settles those, and says how many they were.
func (t *turn) part(sends []*persistence.Send) (n int, err error) {
	if err := t.begin(); err != nil {
		return 0, err
	}
	entries, bytes := len(t.batch.Ends), len(t.batch.Frames)
	t.c.idsMu.Lock()
	n, err = t.decide(sends)
	t.c.idsMu.Unlock()
	if err != nil {
		return 0, err
	}
	if len(t.accepted) == 0 {
		return n, nil
	}
	if err := t.commit(); err != nil {
		t.batch.Ends, t.batch.Frames = t.batch.Ends[:entries], t.batch.Frames[:bytes]
		t.refuse(t.accepted, err)
		for _, again := range t.repeats {
			t.refuse([]*persistence.Send{again.send}, err)
		}
		return n, err
	}
	for _, again := range t.repeats {
		s, first := again.send, again.first
		s.Duplicate, s.Seq, s.Time, s.Sum = true, first.Seq, first.Time, first.Sum
	}
	return n, nil
}

// begin makes the proposal that the part's entries go into. The time never goes back.
func (t *turn) begin() error {
	tail, size, damage := t.c.snapshot()
	if damage != nil {
		return damage
	}
	now := max(protocol.TimeOf(t.r.now()), tail.Time)
	p := &proposal{c: t.c, done: make(chan error, 1)}
	p.run = run{conversation: t.c.id, log: tail.Log, offset: size, first: tail.Last + 1, before: tail.Sum, time: now}
	if tail.Log == "" {
		p.created, p.log = true, newLog()
		p.lines, p.before = appendLogLine(nil, t.c.id, p.log, now)
	}
	t.p, t.stamp = p, now.Append(t.stamp[:0])
	t.accepted, t.repeats, t.keys = nil, nil, nil
	return nil
}

// decide goes over sends in order until the run is full. idsMu is held.
func (t *turn) decide(sends []*persistence.Send) (n int, err error) {
	size, named := 0, false
	for n < len(sends) && (n == 0 || size+sends[n].Size() <= maxRun) {
		size += sends[n].Size()
		named = named || sends[n].ID != "" || sends[n].Prev != ""
		n++
	}
	t.ids = nil
	if named {
		if t.ids, err = t.r.idsOf(context.Background(), t.c); err != nil {
			return 0, err
		}
	}
	t.salts = salts(n)
	t.p.lines = append(make([]byte, 0, size+len(t.p.lines)+n*suffixLen), t.p.lines...)
	sum := t.p.before
	for _, s := range sends[:n] {
		if s.Err = t.judge(s); s.Err == nil && s.Seq == 0 {
			sum = t.accept(s, sum)
		}
	}
	t.p.count = len(t.accepted)
	return n, nil
}

// judge says why a send is refused. One that is a duplicate it settles, or notes as a repeat; s.Seq is then not 0.
func (t *turn) judge(s *persistence.Send) *protocol.Error {
	var key uint64
	s.Seq, s.Duplicate = 0, false
	if s.ID != "" {
		key = idKey(t.r.seed, s.Author, s.ID)
		if known, err := t.known(s, key); known || err != nil {
			return err
		}
		if t.ids.holed(s) {
			return protocol.Unavailable("the message waited for the disk too long; send it again with the same id", time.Second)
		}
	}
	next := t.p.first + protocol.Seq(len(t.accepted))
	if s.Prev != "" && !t.stands(s) {
		return protocol.Errorf(protocol.CodeOutOfOrder, "prev %q is not on the record: send it first, then this", s.Prev)
	}
	if s.Target >= next {
		return protocol.BeyondLast("target", s.Target, next-1)
	}
	if s.ID != "" {
		if t.keys == nil {
			t.keys = make(map[uint64]int)
		}
		t.keys[key] = len(t.accepted)
	}
	return nil
}

// stands says whether a send's prev is on the record, or goes there before it.
func (t *turn) stands(s *persistence.Send) bool {
	key := idKey(t.r.seed, s.Author, s.Prev)
	if _, ok := t.keys[key]; ok {
		return true
	}
	return s.FoundPrev != 0 || t.ids.find(key) != 0
}

// accept gives a send its place and makes its line and its frame.
func (t *turn) accept(s *persistence.Send, before protocol.Sum) protocol.Sum {
	s.Seq, s.Time = t.p.first+protocol.Seq(len(t.accepted)), t.p.time
	m := protocol.Message{
		Conversation: t.c.id, Seq: s.Seq, ID: s.ID, From: s.Author, Name: s.Name, Time: s.Time,
		Text: s.Text, Target: s.Target, Meta: s.Meta,
	}
	t.salted = append(t.salted[:0], t.salts[:saltLen]...)
	t.salts = t.salts[saltLen:]
	t.salted = m.AppendJSON(t.salted, t.stamp)
	t.p.lines, s.Sum = appendEntryLine(t.p.lines, t.salted, before)
	if t.batch.Len() == 0 {
		t.batch.First = s.Seq
	}
	t.batch.Add(t.salted[saltLen:])
	t.accepted = append(t.accepted, s)
	return s.Sum
}

// commit puts the run on the disk, and what it holds among the remembered ids.
func (t *turn) commit() error {
	size := int64(len(t.p.lines))
	if err := t.r.flusher.reserve(t.c, size); err != nil {
		return err
	}
	err := t.r.committer.submit(t.p)
	if err == nil {
		err = <-t.p.done
	}
	if err != nil {
		t.r.flusher.release(t.c, size)
		return err
	}
	t.batch.At = t.p.time
	t.c.idsMu.Lock()
	defer t.c.idsMu.Unlock()
	before := t.c.ids.len()
	if t.c.ids != nil { // else they were dropped meanwhile; who loads them finds these in the transcript
		for key, i := range t.keys {
			t.c.ids.add(key, t.accepted[i].Seq)
		}
	}
	t.r.remembered.Add(int64(t.c.ids.len() - before))
	return nil
}

// refuse settles sends that did not get onto the record.
func (t *turn) refuse(sends []*persistence.Send, err error) {
	for _, s := range sends {
		s.Seq, s.Time, s.Sum, s.Duplicate = 0, 0, protocol.Sum{}, false
		s.Err = unavailable(err)
	}
}

// unavailable is what a client is told when the disk refused.
func unavailable(err error) *protocol.Error {
	var damage *notWholeError
	switch {
	case errors.As(err, &damage):
		return protocol.Unavailable("this conversation's record is not whole: whoever runs the server should run `verbatim verify`", time.Minute)
	case errors.Is(err, errClosed):
		return protocol.Unavailable("the server is closing; send it again with the same id", time.Second)
	default:
		return protocol.Unavailable("the message could not be recorded; send it again with the same id", time.Second)
	}
}
