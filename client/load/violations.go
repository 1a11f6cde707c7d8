package load

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The kinds of violations.
const (
	lostKind      = "lost"             // an entry did not come that an ack or other readers say is there
	doubledKind   = "doubled"          // an entry came again
	orderKind     = "out of order"     // a message came before its predecessor, or readers saw different orders
	unackedKind   = "unacknowledged"   // a message had no ack by the deadline
	refusedKind   = "refused"          // the server refused what the contract allows
	malformedKind = "not the protocol" // a frame cannot be decoded
)

// maxExamples is how many examples of each kind are kept.
const maxExamples = 3

// Violation is what was wrong, of one kind.
type Violation struct {
	Kind     string   `json:"kind"`
	Count    int      `json:"count"`
	Examples []string `json:"examples"` // the first few, one line each
}

// String returns one line.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %d, first: %s", v.Kind, v.Count, strings.Join(v.Examples, "; "))
}

// violations collects violations by kind. Safe for concurrent use.
type violations struct {
	mu    sync.Mutex
	kinds []*Violation
}

func (f *violations) add(kind, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.kinds, func(v *Violation) bool { return v.Kind == kind })
	if i < 0 {
		i = len(f.kinds)
		f.kinds = append(f.kinds, &Violation{Kind: kind})
	}
	v := f.kinds[i]
	if v.Count++; v.Count <= maxExamples {
		v.Examples = append(v.Examples, fmt.Sprintf(format, args...))
	}
}

// all returns a copy.
func (f *violations) all() []Violation {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Violation, len(f.kinds))
	for i, v := range f.kinds {
		all[i] = *v
	}
	return all
}

// count returns how many there are, of all kinds.
func (f *violations) count() (n int) {
	for _, v := range f.all() {
		n += v.Count
	}
	return n
}
