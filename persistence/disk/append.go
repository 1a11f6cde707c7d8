package disk

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/dedup"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// maxRun is about how many bytes of lines are committed together: a larger request goes in parts, so that it fits
// within the bounds of what may be pending.
const maxRun = 256 << 10

// appending is one conversation's request in a Commit: its sends are decided and committed, in several parts if they
// are many. Owned by the caller of Commit.
type appending struct {
	r *Record
	x *persistence.AppendRequest
	*commit
	c      *conversation
	shared bool // it must not wait for anything but the sync

	// Of the part under way:
	p        journal.Proposal
	created  bool // the conversation begins with it
	entries  *persistence.Entries
	accepted []*persistence.Send
	keys     map[uint64]int // of accepted sends with an id: their place in accepted
	repeats  []repeat
	ids      *dedup.Index // nil: no send of the part has an id
}

// repeat is a send whose id an earlier one of its part has: it gets what that one gets.
type repeat struct{ send, first *persistence.Send }

// begun forgets the part before.
func (t *appending) begun() {
	clear(t.accepted)
	clear(t.repeats)
	clear(t.keys)
	t.accepted, t.repeats, t.entries, t.ids = t.accepted[:0], t.repeats[:0], nil, nil
}

// clear keeps the slices alone.
func (t *appending) clear() {
	t.begun()
	*t = appending{accepted: t.accepted, keys: t.keys, repeats: t.repeats}
}

// find finds the conversation, or makes one that begins now.
func (t *appending) find() (err error) {
	t.c, err = t.r.sound(t.x.Conversation, !t.shared)
	if err == errNoConversation {
		t.c, err = &conversation{id: t.x.Conversation, fileState: fileState{checked: true}}, nil
	}
	return err
}

// alone commits all sends, and waits for whatever that takes.
func (t *appending) alone() {
	sends := t.x.Sends
	err := t.find()
	for len(sends) > 0 && err == nil {
		var n int
		if n, err = t.prepare(sends); err == nil && len(t.accepted) > 0 {
			t.runs = append(t.runs[:0], &t.p)
			t.submit(t.r)
			err = t.finish()
		}
		sends = sends[n:]
	}
	// What follows is refused as well: accepted, it would stand before what its author sent first.
	if err != nil {
		refuse(sends, err)
	}
}

// share prepares all sends to be committed with those of other conversations. On an error nothing was done; errNeedsIO
// says that this cannot be done without a wait.
func (t *appending) share() error {
	t.shared = true
	if err := t.find(); err != nil {
		return err
	}
	_, err := t.prepare(t.x.Sends)
	return err
}

// prepare decides as many sends as one run takes, and reserves room for its lines. It returns how many these are:
// all, if others are waiting. On an error it has refused those, and the caller refuses what follows; errNeedsIO
// decides nothing.
func (t *appending) prepare(sends []*persistence.Send) (n int, err error) {
	if err := t.begin(); err != nil {
		return 0, err
	}
	if n, err = t.decide(sends); err != nil {
		return 0, err
	}
	if t.shared && n < len(sends) {
		return 0, errNeedsIO
	}
	if len(t.accepted) == 0 {
		return n, nil
	}
	err = t.r.flusher.reserve(t.c, int64(len(t.p.Lines)), !t.shared)
	if err == errNeedsIO {
		return 0, err
	}
	if err != nil {
		t.refuse(err)
	}
	return n, err
}

// Committed makes the part readable. The journal's committer calls it.
func (t *appending) Committed() { t.r.publish(t.c, t.created, &t.p.LinesItem) }

// begin makes the proposal that the part's entries go into. The time never goes back.
func (t *appending) begin() error {
	tail, size, damage := t.c.snapshot()
	if damage != nil {
		return damage
	}
	t.begun()
	now := max(t.encoder.now, tail.Time)
	t.encoder.clear(now)
	t.p, t.created = journal.Proposal{Owner: t}, false
	t.p.LinesItem = journal.LinesItem{
		Conversation: t.c.id, Log: tail.Log, Offset: size, First: tail.Last + 1, Before: tail.Sum, Time: now,
	}
	if tail.Log == "" {
		t.created, t.p.Log = true, transcript.NewLog()
		t.encoder.lines, t.p.Before = transcript.AppendLogLine(t.encoder.lines, t.c.id, t.p.Log, now)
	}
	return nil
}

// decide goes over sends in order until the run is full.
func (t *appending) decide(sends []*persistence.Send) (n int, err error) {
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
		if s.Err, err = t.decideOne(s); err != nil {
			return 0, err
		}
		if s.Err == nil && s.Seq == 0 {
			sum = t.accept(s, sum)
		}
	}
	if t.p.Count = len(t.accepted); t.p.Count > 0 {
		t.p.Lines, t.entries = bytes.Clone(t.encoder.lines), t.encoder.entries(t.p.First)
	}
	return n, nil
}

// accept sets a send's seq and time, and makes its line and its frame. It returns its sum.
func (t *appending) accept(s *persistence.Send, before protocol.Sum) protocol.Sum {
	s.Seq, s.Time = t.p.First+protocol.Seq(len(t.accepted)), t.p.Time
	s.Log = ""
	if s.Seq == 1 {
		s.Log = t.p.Log
	}
	m := protocol.Message{
		Conversation: t.c.id, Seq: s.Seq, ID: s.ID, From: s.Author, Name: s.Name, Time: s.Time,
		Text: s.Text, Target: s.Target, Meta: s.Meta, Log: s.Log,
	}
	s.Sum = t.encoder.write(&m, before)
	t.accepted = append(t.accepted, s)
	return s.Sum
}

// finish sets the outcome of what was submitted, and returns why that failed, or nil.
func (t *appending) finish() error {
	if err := t.p.Err; err != nil {
		t.r.flusher.release(t.c, int64(len(t.p.Lines)))
		t.refuse(err)
		return err
	}
	if t.x.Log = t.p.Log; t.x.Entries == nil {
		t.x.Entries = t.entries
	} else {
		t.x.Entries = join(t.x.Entries, t.entries)
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

// join concatenates entries that follow each other.
func join(a, b *persistence.Entries) *persistence.Entries {
	at := uint32(len(a.Frames))
	a = &persistence.Entries{
		First: a.First, Frames: append(a.Frames, b.Frames...), Ends: slices.Grow(a.Ends, b.Len()), At: b.At,
	}
	for _, end := range b.Ends {
		a.Ends = append(a.Ends, at+end)
	}
	return a
}

// remember puts the accepted ids among the remembered ones.
func (t *appending) remember() {
	t.c.idsMu.Lock() // nobody reads a transcript under it while the ids are loaded
	defer t.c.idsMu.Unlock()
	if t.c.ids == nil {
		return // they were evicted meanwhile; a later load finds these in the transcript
	}
	before := t.c.ids.Len()
	for key, i := range t.keys {
		t.c.ids.Add(key, t.accepted[i].Seq)
	}
	t.r.remembered.Add(int64(t.c.ids.Len() - before))
}

// refuse settles the part under way: it did not get onto the record.
func (t *appending) refuse(err error) {
	refuse(t.accepted, err)
	for _, again := range t.repeats {
		refuse([]*persistence.Send{again.send}, err)
	}
}

// commit is one Commit under way, with all that the next one uses again.
type commit struct {
	appends  []*appending
	spare    []*appending // where appends are taken from
	runs     []*journal.Proposal
	answered sync.WaitGroup // one for each of runs
	encoder  encoder
}

// Commit is persistence.Record's.
func (r *Record) Commit(appends []*persistence.AppendRequest) {
	k, ok := r.commits.Get().(*commit)
	if !ok {
		k = new(commit)
	}
	k.encoder.now = protocol.TimeOf(r.now())
	if len(appends) == 1 {
		k.add(r, appends[0]).alone()
	} else {
		k.share(r, appends)
	}
	for _, x := range appends {
		if !x.Retry {
			forgetPrepared(x.Sends)
		}
	}
	k.free(r)
}

// share decides and commits append requests together, but for those that would make the others wait.
func (k *commit) share(r *Record, appends []*persistence.AppendRequest) {
	for _, x := range appends {
		t := k.add(r, x)
		if err := t.share(); err == errNeedsIO {
			x.Retry = true
			t.begun()
		} else if err != nil {
			refuse(x.Sends, err)
		} else if len(t.accepted) > 0 {
			k.runs = append(k.runs, &t.p)
		}
	}
	k.submit(r)
	for _, t := range k.appends {
		if len(t.accepted) > 0 {
			_ = t.finish() // the sends say so
		}
	}
}

// submit puts the runs on the disk; each then says how it went.
func (k *commit) submit(r *Record) {
	if len(k.runs) > 0 {
		k.answered.Add(len(k.runs))
		r.journal.Submit(k.runs, &k.answered)
		k.answered.Wait()
	}
}

// add takes a request in.
func (k *commit) add(r *Record, x *persistence.AppendRequest) *appending {
	if len(k.spare) == len(k.appends) {
		k.spare = append(k.spare, new(appending))
	}
	t := k.spare[len(k.appends)]
	t.r, t.x, t.commit = r, x, k
	k.appends = append(k.appends, t)
	return t
}

// free keeps the buffers, unless they are large, and lets go of what they held.
func (k *commit) free(r *Record) {
	for _, t := range k.appends {
		t.clear()
	}
	clear(k.runs)
	k.appends, k.runs = k.appends[:0], k.runs[:0]
	if k.encoder.size() <= 4*maxRun {
		r.commits.Put(k)
	}
}

// refuse settles sends that did not get onto the record.
func refuse(sends []*persistence.Send, err error) {
	for _, s := range sends {
		s.Seq, s.Time, s.Sum, s.Duplicate = 0, 0, protocol.Sum{}, false
		s.Err = unavailable(err)
	}
}

// unavailable is what a client is told when the disk refused.
func unavailable(err error) *protocol.Error {
	switch {
	case errors.As(err, new(*transcript.IntegrityError)), errors.As(err, new(*vfs.ForeignError)):
		return protocol.Unavailable(
			"this conversation's record is not whole: the operator of the server should run `verbatim verify`",
			time.Minute)
	case errors.Is(err, journal.ErrClosed):
		return protocol.Unavailable("the server is closing; send it again with the same id", time.Second)
	default:
		return protocol.Unavailable("the message could not be recorded; send it again with the same id", time.Second)
	}
}

// Mark is persistence.Record's.
func (r *Record) Mark(id protocol.ConversationID, user protocol.UserID, seq protocol.Seq) {
	c := r.registry.get(id)
	if c == nil {
		return
	}
	user = protocol.UserID(strings.Clone(string(user)))
	tail, _, _ := c.snapshot()
	if seq > tail.Last {
		return
	}
	raised, dirtied := c.raiseMark(user, seq, r.now())
	if dirtied {
		r.checkpoints.addMarked(c)
	}
	if raised {
		r.journal.Mark(journal.MarkItem{Conversation: id, Log: tail.Log, User: user, Seq: seq})
	}
}
