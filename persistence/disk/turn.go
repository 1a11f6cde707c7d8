package disk

import (
	"bytes"
	"slices"

	"verbatim/persistence"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// maxRun is how many bytes of lines are committed as one run, about: a larger batch goes in parts, so that it fits
// within the bounds of what may be pending.
const maxRun = 256 << 10

// turn is one conversation's in a Commit: its sends, decided and committed, in several parts where they are many. Owned by
// who called Commit.
type turn struct {
	r *Record
	x *persistence.Turn
	*commit
	c      *conversation
	shared bool // it must not wait for anything but the sync

	// Of the part under way:
	p        journal.Proposal
	created  bool // the conversation begins with it
	batch    *persistence.Batch
	accepted []*persistence.Send
	keys     map[uint64]int // of accepted sends with an id: their place in accepted
	repeats  []repeat
	ids      *ids // nil: no send of the part has an id
	waits    bool // it is shared and would have to
}

// repeat is a send whose id an earlier one of its part has: it gets what that one gets.
type repeat struct{ send, first *persistence.Send }

// begun forgets the part before.
func (t *turn) begun() {
	clear(t.accepted)
	clear(t.repeats)
	clear(t.keys)
	t.accepted, t.repeats, t.batch, t.ids, t.waits = t.accepted[:0], t.repeats[:0], nil, nil, false
}

// clear keeps the slices alone.
func (t *turn) clear() {
	t.begun()
	*t = turn{accepted: t.accepted, keys: t.keys, repeats: t.repeats}
}

// alone commits all sends, and waits for whatever that takes.
func (t *turn) alone() {
	sends := t.x.Sends
	var err error
	if t.c, err = t.r.sound(t.x.Conversation); err == errNoConversation {
		t.c, err = t.fresh(), nil
	}
	for len(sends) > 0 && err == nil {
		var n int
		n, err = t.part(sends)
		sends = sends[n:]
	}
	// What follows is refused as well: accepted, it would stand before what its author sent first.
	if err != nil {
		refuse(sends, err)
	}
}

// share decides all sends, where that waits for nothing; else nothing was done.
func (t *turn) share() (err error) {
	t.shared = true
	if t.c, err = t.r.soundNow(t.x.Conversation); err == errNoConversation {
		t.c, err = t.fresh(), nil
	}
	if err == nil {
		err = t.begin()
	}
	if err != nil {
		return err
	}
	n, err := t.decide(t.x.Sends)
	if err == nil && n < len(t.x.Sends) {
		err = errWaits
	}
	if err == nil && len(t.accepted) > 0 && !t.r.flusher.tryReserve(t.c, int64(len(t.p.Lines))) {
		err = errWaits
	}
	return err
}

// fresh is a conversation that begins now.
func (t *turn) fresh() *conversation { return &conversation{id: t.x.Conversation, checked: true} }

// part decides as many sends as one run takes, and commits them. It settles those, and says how many they were.
func (t *turn) part(sends []*persistence.Send) (n int, err error) {
	if err := t.begin(); err != nil {
		return 0, err
	}
	if n, err = t.decide(sends); err != nil || len(t.accepted) == 0 {
		return n, err
	}
	if err := t.r.flusher.reserve(t.c, int64(len(t.p.Lines))); err != nil {
		t.refuse(err)
		return n, err
	}
	t.runs = append(t.runs[:0], &t.p)
	t.submit(t.r)
	return n, t.finish()
}

// Committed makes the part readable. The journal's committer calls it.
func (t *turn) Committed() { t.r.publish(t.c, t.created, &t.p.LinesItem) }

// begin makes the proposal that the part's entries go into. The time never goes back.
func (t *turn) begin() error {
	tail, size, damage := t.c.snapshot()
	if damage != nil {
		return damage
	}
	t.begun()
	now := max(t.desk.now, tail.Time)
	t.desk.clear(now)
	t.p, t.created = journal.Proposal{Owner: t}, false
	t.p.LinesItem = journal.LinesItem{Conversation: t.c.id, Log: tail.Log, Offset: size, First: tail.Last + 1, Before: tail.Sum, Time: now}
	if tail.Log == "" {
		t.created, t.p.Log = true, transcript.NewLog()
		t.desk.lines, t.p.Before = transcript.AppendLogLine(t.desk.lines, t.c.id, t.p.Log, now)
	}
	return nil
}

// decide goes over sends in order until the run is full.
func (t *turn) decide(sends []*persistence.Send) (n int, err error) {
	size, named := 0, false
	for n < len(sends) && (n == 0 || size+sends[n].Size() <= maxRun) {
		size += sends[n].Size()
		named = named || sends[n].ID != "" || sends[n].Prev != ""
		n++
	}
	if named {
		if err := t.lockIDs(); err != nil {
			return 0, err
		}
		defer t.c.idsMu.Unlock()
	}
	sum := t.p.Before
	for _, s := range sends[:n] {
		if s.Err = t.judge(s); s.Err == nil && s.Seq == 0 {
			sum = t.accept(s, sum)
		}
		if t.waits {
			return 0, errWaits
		}
	}
	if t.p.Count = len(t.accepted); t.p.Count > 0 {
		t.p.Lines, t.batch = bytes.Clone(t.desk.lines), t.desk.batch(t.p.First)
	}
	return n, nil
}

// accept gives a send its place and makes its line and its frame.
func (t *turn) accept(s *persistence.Send, before protocol.Sum) protocol.Sum {
	s.Seq, s.Time = t.p.First+protocol.Seq(len(t.accepted)), t.p.Time
	s.Log = ""
	if s.Seq == 1 {
		s.Log = t.p.Log
	}
	m := protocol.Message{
		Conversation: t.c.id, Seq: s.Seq, ID: s.ID, From: s.Author, Name: s.Name, Time: s.Time,
		Text: s.Text, Target: s.Target, Meta: s.Meta, Log: s.Log,
	}
	s.Sum = t.desk.write(&m, before)
	t.accepted = append(t.accepted, s)
	return s.Sum
}

// finish settles what was submitted, and says whether it failed.
func (t *turn) finish() error {
	if err := t.p.Err; err != nil {
		t.r.flusher.release(t.c, int64(len(t.p.Lines)))
		t.refuse(err)
		return err
	}
	if t.x.Log = t.p.Log; t.x.Batch == nil {
		t.x.Batch = t.batch
	} else {
		t.x.Batch = join(t.x.Batch, t.batch)
	}
	if len(t.keys) > 0 {
		t.remember()
	}
	for _, again := range t.repeats {
		s, first := again.send, again.first
		s.Duplicate, s.Seq, s.Time, s.Sum, s.Log = true, first.Seq, first.Time, first.Sum, first.Log
	}
	return nil
}

// join puts batches together that follow each other.
func join(a, b *persistence.Batch) *persistence.Batch {
	at := uint32(len(a.Frames))
	a = &persistence.Batch{First: a.First, Frames: append(a.Frames, b.Frames...), Ends: slices.Grow(a.Ends, b.Len()), At: b.At}
	for _, end := range b.Ends {
		a.Ends = append(a.Ends, at+end)
	}
	return a
}

// remember puts the accepted ids among the remembered ones.
func (t *turn) remember() {
	t.c.idsMu.Lock() // nobody reads a transcript under it while the ids are loaded
	defer t.c.idsMu.Unlock()
	if t.c.ids == nil {
		return // they were dropped meanwhile; who loads them finds these in the transcript
	}
	before := t.c.ids.len()
	for key, i := range t.keys {
		t.c.ids.add(key, t.accepted[i].Seq)
	}
	t.r.remembered.Add(int64(t.c.ids.len() - before))
}

// refuse settles the part under way: it did not get onto the record.
func (t *turn) refuse(err error) {
	refuse(t.accepted, err)
	for _, again := range t.repeats {
		refuse([]*persistence.Send{again.send}, err)
	}
}
