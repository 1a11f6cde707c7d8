package disk

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"verbatim/protocol"
)

// newest is the conversations by the time of their last entry, for lists that begin with the newest. A commit does not
// keep it in order: the first commit to a conversation since the last list notes that it has moved, and the next list
// puts those in their new places. So a list costs what has moved since the last one, and a copy of the order, 16 bytes
// each.
//
// The orders of pages that have a next one are kept, the newest of them: a reader goes on in the order in which it
// began, and meets every conversation of it once, whatever is said meanwhile. Safe for concurrent use.
type newest struct {
	noting sync.Mutex      // held for a moment only: the committer takes it
	asked  bool            // guarded by noting; before the first list nothing is noted
	moved  []*conversation // guarded by noting; since the order was made

	mu       sync.Mutex // held while an order is made
	order    *ranking   // guarded by mu; nil: none was asked for
	kept     []*ranking // guarded by mu; those that somebody may go on in, by id, which is by age
	keptSize int        // guarded by mu; see size
}

// ranking is an order. It is never changed.
type ranking struct {
	id    uint64
	ranks []rank
}

// rank is a conversation's place: where its last entry was of that time.
type rank struct {
	time protocol.Time
	c    *conversation
}

// mostKept bounds the orders that are kept, in ranks of 16 bytes together: 16 MB. A small order counts as leastOrder
// ranks, so that there are a thousand of them at most.
const (
	mostKept   = 1 << 20
	leastOrder = 1 << 10
)

func (r *ranking) size() int { return max(len(r.ranks), leastOrder) }

// moved reports whether the conversation has another place by now. It is called with newest.mu held.
func (a rank) moved() bool { return a.time != a.c.ranked }

func (a rank) compare(b rank) int { return comparePlaces(a.time, a.c.id, b.time, b.c.id) }

// comparePlaces puts the later time first, and of equal ones the lesser id.
func comparePlaces(t protocol.Time, id protocol.ConversationID, u protocol.Time, other protocol.ConversationID) int {
	return cmp.Or(cmp.Compare(u, t), strings.Compare(string(id), string(other)))
}

// add notes that a conversation has a new last entry; it is called once for each until the next list.
func (n *newest) add(c *conversation) {
	n.noting.Lock()
	defer n.noting.Unlock()
	if n.asked {
		n.moved = append(n.moved, c)
	}
}

// take returns what has moved. From the first call on it is noted.
func (n *newest) take() (moved []*conversation) {
	n.noting.Lock()
	defer n.noting.Unlock()
	moved, n.moved, n.asked = n.moved, nil, true
	return moved
}

// at returns the order with that id, or the present one.
func (n *newest) at(id uint64, all func() []*conversation) *ranking {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i, found := n.find(id); found {
		return n.kept[i]
	}
	n.refresh(all)
	return n.order
}

// find is called with mu held.
func (n *newest) find(id uint64) (int, bool) {
	return slices.BinarySearchFunc(n.kept, id, func(r *ranking, id uint64) int { return cmp.Compare(r.id, id) })
}

// keep notes that somebody may go on in an order.
func (n *newest) keep(order *ranking) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i, found := n.find(order.id)
	if found {
		return
	}
	n.kept = slices.Insert(n.kept, i, order) // a later one may have been quicker
	n.keptSize += order.size()
	for len(n.kept) > 1 && n.keptSize > mostKept {
		n.keptSize -= n.kept[0].size()
		n.kept = slices.Delete(n.kept, 0, 1)
	}
}

// refresh brings the order up to date. It is called with mu held.
func (n *newest) refresh(all func() []*conversation) {
	moved := n.take()
	if n.order == nil {
		moved = all()                              // what moves from here on is noted
		n.order = &ranking{id: rand.Uint64() >> 1} // no id of the server's life before, whose pages go on without it
	}
	placed := newPlaces(moved, (*conversation).settled)
	if len(placed) == 0 {
		return
	}
	n.order = &ranking{id: n.order.id + 1, ranks: mergeRanks(n.order.ranks, placed)}
}

// newPlaces returns the places, in order, of those that have another one by now. One that was noted twice, and said
// something in between, has one place. It is called with newest.mu held.
func newPlaces(moved []*conversation, settled func(*conversation) protocol.Time) (placed []rank) {
	for _, c := range moved {
		if t := settled(c); t != 0 && t != c.ranked {
			c.ranked = t
			placed = append(placed, rank{t, c})
		}
	}
	placed = slices.DeleteFunc(placed, rank.moved)
	slices.SortFunc(placed, rank.compare)
	return placed
}

// mergeRanks puts conversations in their new places. Their old ones are left out.
func mergeRanks(old, placed []rank) []rank {
	out := make([]rank, 0, len(old)+len(placed))
	for _, r := range old {
		if r.moved() {
			continue
		}
		for len(placed) > 0 && placed[0].compare(r) < 0 {
			out, placed = append(out, placed[0]), placed[1:]
		}
		out = append(out, r)
	}
	return append(out, placed...)
}
