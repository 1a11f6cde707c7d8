package hub

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"verbatim/protocol"
)

// readMarks is up to where each user has read. The shard owns it; it is filled before the first command.
type readMarks struct {
	names    int // Options.Names: how many marks are shown at most; fixed
	byUser   map[protocol.UserID]*mark
	topMarks []*mark // the marks to show, the largest seq first: one more than names, since nobody is shown its own
	pending  []*mark // whose newest seq is not told yet
	encoded  []byte  // the JSON of topMarks; nil: it must be made
}

// mark is up to where one user has read.
type mark struct {
	name    protocol.UserID
	seq     protocol.Seq
	by      *ephemeraReader // the member that set it, which needs no telling; nil: nobody, or it is told
	toldAt  time.Time       // when it went out last; zero: never
	pending bool
}

// fill takes in the marks that the record has kept.
func (r *readMarks) fill(stored map[protocol.UserID]protocol.Seq, names int) {
	r.names = names
	r.byUser = make(map[protocol.UserID]*mark, len(stored))
	for user, seq := range stored {
		r.byUser[user] = &mark{name: user, seq: seq}
	}
	sorted := slices.SortedFunc(maps.Values(r.byUser), higher)
	r.topMarks = slices.Clone(sorted[:min(len(sorted), names+1)])
}

// of returns a user's mark, or 0 if there is none.
func (r *readMarks) of(name protocol.UserID) protocol.Seq {
	if k := r.byUser[name]; k != nil {
		return k.seq
	}
	return 0
}

// move moves a user's mark forward; it never goes back. It returns the mark, or nil if it has not moved, and reports
// whether it is pending since now: take must be called for it.
func (r *readMarks) move(name protocol.UserID, seq protocol.Seq, by *ephemeraReader) (moved *mark, pends bool) {
	k := r.byUser[name]
	if k == nil {
		if seq == 0 {
			return nil, false
		}
		k = &mark{name: protocol.UserID(strings.Clone(string(name)))}
		r.byUser[k.name] = k
	}
	if seq <= k.seq {
		return nil, false
	}

	k.seq = seq
	k.by = by
	r.rank(k)
	r.encoded = nil
	if k.pending {
		return k, false
	}
	k.pending = true
	r.pending = append(r.pending, k)
	return k, true
}

// take calls tell for each mark that may be told now. Those that were told less than minGap ago wait.
func (r *readMarks) take(now time.Time, tell func(*mark)) {
	r.pending = slices.DeleteFunc(r.pending, func(k *mark) bool {
		if now.Before(k.due()) {
			return false
		}
		k.pending = false
		k.toldAt = now
		tell(k)
		k.by = nil
		return true
	})
}

// due returns when the mark may be told again.
func (k *mark) due() time.Time { return k.toldAt.Add(minGap) }

// due returns when take must be called next, or the zero time if nothing is pending.
func (r *readMarks) due() (at time.Time) {
	for _, k := range r.pending {
		at = earlier(at, k.due())
	}
	return at
}

// rank keeps topMarks in order as one of them moves, which is always forward.
func (r *readMarks) rank(k *mark) {
	if i := slices.Index(r.topMarks, k); i >= 0 {
		r.topMarks = slices.Delete(r.topMarks, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(r.topMarks, k, higher)
	r.topMarks = slices.Insert(r.topMarks, i, k)
	r.topMarks = r.topMarks[:min(len(r.topMarks), r.names+1)]
}

// higher orders marks by seq, the largest first, and by name.
func higher(a, b *mark) int { return cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(a.name, b.name)) }

// shown returns the JSON object of the marks that a user is shown: the highest ones of the others, at most names.
func (r *readMarks) shown(self protocol.UserID) []byte {
	among := slices.Contains(r.topMarks, r.byUser[self])
	if !among && r.encoded != nil {
		return r.encoded
	}

	list := slices.DeleteFunc(slices.Clone(r.topMarks), func(k *mark) bool { return k.name == self })
	list = list[:min(len(list), r.names)]
	slices.SortFunc(list, func(a, b *mark) int { return cmp.Compare(a.name, b.name) })
	out := []byte("{")
	for i, k := range list {
		out = protocol.AppendReadMark(out, k.name, k.seq, i == 0)
	}
	out = append(out, '}')

	if !among {
		r.encoded = out
	}
	return out
}
