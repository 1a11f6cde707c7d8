package load

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The kinds of violations.
const (
	lostKind    = "lost"             // an entry that others, or an ack, say is there did not come
	doubledKind = "doubled"          // an entry came again
	orderKind   = "out of order"     // a message came before its predecessor, or readers saw different orders
	unackedKind = "unacknowledged"   // a message had no ack by the deadline
	refusedKind = "refused"          // the server said no to what the contract allows
	garbledKind = "not the protocol" // a frame that cannot be read
)

// examplesKept is how many of each kind are shown.
const examplesKept = 3

// Violation is what was wrong, of one kind.
type Violation struct {
	Kind     string   `json:"kind"`
	Count    int      `json:"count"`
	Examples []string `json:"examples"`
}

func (v Violation) String() string {
	return fmt.Sprintf("%s: %d, first: %s", v.Kind, v.Count, strings.Join(v.Examples, "; "))
}

// faults gathers violations. Safe for concurrent use.
type faults struct {
	mu    sync.Mutex
	kinds []*Violation
}

func (f *faults) add(kind, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.kinds, func(v *Violation) bool { return v.Kind == kind })
	if i < 0 {
		i = len(f.kinds)
		f.kinds = append(f.kinds, &Violation{Kind: kind})
	}
	v := f.kinds[i]
	if v.Count++; v.Count <= examplesKept {
		v.Examples = append(v.Examples, fmt.Sprintf(format, args...))
	}
}

func (f *faults) all() []Violation {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Violation, len(f.kinds))
	for i, v := range f.kinds {
		all[i] = *v
	}
	return all
}

// judge holds every reader to what was acknowledged, and all readers of a conversation to one order. The clients are closed.
func (r *run) judge() {
	for _, room := range r.rooms {
		for _, p := range room.publishers {
			if p.acked < p.sent {
				r.faults.add(unackedKind, "%s: messages %d to %d of socket %d within %v", room.id, p.acked+1, p.sent, p.index, r.o.Deadline)
			}
			for _, m := range room.members {
				if seen := m.seen[p.place]; seen < p.acked {
					r.faults.add(lostKind, "%s: messages %d to %d of publisher %d were acknowledged and not seen by socket %d within %v",
						room.id, seen+1, p.acked, p.place, m.index, r.o.Deadline)
				}
			}
		}
		first := room.members[0]
		for _, m := range room.members[1:] {
			if slices.Equal(m.seen, first.seen) && m.order != first.order {
				r.faults.add(orderKind, "%s: sockets %d and %d saw the same messages in different orders", room.id, first.index, m.index)
			}
		}
	}
}

func (f *faults) count() (n int) {
	for _, v := range f.all() {
		n += v.Count
	}
	return n
}
