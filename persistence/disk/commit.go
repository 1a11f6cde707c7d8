package disk

import (
	"errors"
	"sync"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// errWaits says that a turn would wait for more than the sync that it shares with others.
var errWaits = errors.New("record: this would make other conversations wait")

// commit is one Commit under way, with all that the next one uses again.
type commit struct {
	turns    []*turn
	spare    []*turn // where turns are taken from
	runs     []*journal.Proposal
	answered sync.WaitGroup // one for each of runs
	desk     desk
}

// Commit is persistence.Record's.
func (r *Record) Commit(turns []*persistence.Turn) {
	k, ok := r.commits.Get().(*commit)
	if !ok {
		k = new(commit)
	}
	k.desk.now = protocol.TimeOf(r.now())
	if len(turns) == 1 {
		k.add(r, turns[0]).alone()
	} else {
		k.share(r, turns)
	}
	k.free(r)
}

// share decides and commits turns together, but for those that would make the others wait.
func (k *commit) share(r *Record, turns []*persistence.Turn) {
	for _, x := range turns {
		t := k.add(r, x)
		if err := t.share(); err == errWaits {
			x.Left = true
			t.begun()
		} else if err != nil {
			refuse(x.Sends, err)
		} else if len(t.accepted) > 0 {
			k.runs = append(k.runs, &t.p)
		}
	}
	k.submit(r)
	for _, t := range k.turns {
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

// add takes a turn in.
func (k *commit) add(r *Record, x *persistence.Turn) *turn {
	if len(k.spare) == len(k.turns) {
		k.spare = append(k.spare, new(turn))
	}
	t := k.spare[len(k.turns)]
	t.r, t.x, t.commit = r, x, k
	k.turns = append(k.turns, t)
	return t
}

// free keeps the buffers, unless they are large, and lets go of what they held.
func (k *commit) free(r *Record) {
	for _, t := range k.turns {
		t.clear()
	}
	clear(k.runs)
	k.turns, k.runs = k.turns[:0], k.runs[:0]
	if k.desk.size() <= 4*maxRun {
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
		return protocol.Unavailable("this conversation's record is not whole: whoever runs the server should run `verbatim verify`", time.Minute)
	case errors.Is(err, journal.ErrClosed):
		return protocol.Unavailable("the server is closing; send it again with the same id", time.Second)
	default:
		return protocol.Unavailable("the message could not be recorded; send it again with the same id", time.Second)
	}
}
