package disk

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"verbatim/persistence"
	"verbatim/protocol"
)

// newest is the conversations by the time of their last entry, for lists that begin with the newest. Nobody who commits
// keeps it in order: the first commit to a conversation since the last list notes that it has moved, and the next list
// puts those in their new places. So a list costs what has moved since the last one, and a copy of the order, 16 bytes
// each.
//
// The orders that pages were given from are kept for a while: who reads on does so in the order in which they began,
// and meets every conversation of it once, whatever is said meanwhile. Safe for concurrent use.
type newest struct {
	noting sync.Mutex      // held for a moment only: the committer takes it
	asked  bool            // guarded by noting; before the first list nothing is noted
	moved  []*conversation // guarded by noting; since the order was made

	mu       sync.Mutex // held while an order is made
	order    *ranking   // guarded by mu; nil: none was asked for
	kept     []*ranking // guarded by mu; those that pages were given from, the oldest first
	keptSize int        // guarded by mu; their ranks
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

// mostKept bounds the orders that are kept, in ranks of 16 bytes together: 16 MB.
const mostKept = 1 << 20

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
	for _, old := range n.kept {
		if old.id == id {
			return old
		}
	}
	n.refresh(all)
	if len(n.kept) == 0 || n.kept[len(n.kept)-1] != n.order {
		n.keep(n.order)
	}
	return n.order
}

// keep is called with mu held.
func (n *newest) keep(order *ranking) {
	n.kept = append(n.kept, order)
	n.keptSize += len(order.ranks)
	for len(n.kept) > 1 && n.keptSize > mostKept {
		n.keptSize -= len(n.kept[0].ranks)
		n.kept[0] = nil
		n.kept = n.kept[1:]
	}
}

// refresh brings the order up to date. It is called with mu held.
func (n *newest) refresh(all func() []*conversation) {
	moved := n.take()
	if n.order == nil {
		moved = all()                         // what moves from here on is noted
		n.order = &ranking{id: rand.Uint64()} // no id of the server's life before, whose pages go on without it
	}
	var placed []rank
	for _, c := range moved {
		if t := c.settled(); t != 0 && t != c.ranked { // it may be noted twice
			c.ranked = t
			placed = append(placed, rank{t, c})
		}
	}
	if len(placed) == 0 {
		return
	}
	slices.SortFunc(placed, rank.compare)
	n.order = &ranking{id: n.order.id + 1, ranks: mergeRanks(n.order.ranks, placed)}
}

// mergeRanks puts conversations in their new places. Their old ones are left out.
func mergeRanks(old, placed []rank) []rank {
	out := make([]rank, 0, len(old)+len(placed))
	for _, r := range old {
		if r.time != r.c.ranked {
			continue
		}
		for len(placed) > 0 && placed[0].compare(r) < 0 {
			out, placed = append(out, placed[0]), placed[1:]
		}
		out = append(out, r)
	}
	return append(out, placed...)
}

// settled is the time of the last entry, after which the next one is noted again; 0: nothing is known of one.
func (c *conversation) settled() protocol.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = false
	if c.tail.Log == "" {
		return 0
	}
	return c.tail.Time
}

// Newest is persistence.Record's.
func (r *Record) Newest(
	which persistence.Which, after persistence.Place, limit int,
) (list []persistence.Listed, places []persistence.Place, more bool) {
	order := r.newest.at(after.Order, r.conversations.all)
	from := 0
	if after.Order != 0 {
		i, found := slices.BinarySearchFunc(order.ranks, after, func(x rank, p persistence.Place) int {
			return comparePlaces(x.time, x.c.id, p.Time, p.ID)
		})
		if from = i; found {
			from++
		}
	}
	for _, x := range order.ranks[from:] {
		if !which.Takes(x.c.id) {
			continue
		}
		if len(list) == limit {
			return list, places, true
		}
		tail, _, _ := x.c.snapshot()
		list = append(list, persistence.Listed{ID: x.c.id, Tail: tail})
		places = append(places, persistence.Place{Order: order.id, Time: x.time, ID: x.c.id})
	}
	return list, places, false
}
