package disk

import (
	"slices"
	"strings"
	"sync"

	"verbatim/persistence"
	"verbatim/protocol"
)

// conversations are all that exist, by id and in order. Safe for concurrent use.
//
// The order is two sorted runs, a large one and a small one of new ids, so that neither a new conversation nor a
// page of the list costs work in proportion to all of them.
type conversations struct {
	mu    sync.RWMutex
	byID  map[protocol.ConversationID]*conversation
	order []*conversation
	fresh []*conversation
}

// freshBound is how many new conversations there may be before they are merged into the order: 100,000 pointers are
// copied in well under 1 ms.
const freshBound = 1024

func byName(c *conversation, id protocol.ConversationID) int {
	return strings.Compare(string(c.id), string(id))
}

// get gives nil where there is none.
func (s *conversations) get(id protocol.ConversationID) *conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

func (s *conversations) count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byID)
}

// add takes in a conversation that did not exist.
func (s *conversations) add(c *conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[c.id] = c
	i, _ := slices.BinarySearchFunc(s.fresh, c.id, byName)
	s.fresh = slices.Insert(s.fresh, i, c)
	if len(s.fresh) >= freshBound {
		s.order, s.fresh = merge(s.order, s.fresh), nil
	}
}

// fill sets all of them at once.
func (s *conversations) fill(byID map[protocol.ConversationID]*conversation) {
	order := make([]*conversation, 0, len(byID))
	for _, c := range byID {
		order = append(order, c)
	}
	slices.SortFunc(order, func(a, b *conversation) int { return strings.Compare(string(a.id), string(b.id)) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID, s.order, s.fresh = byID, order, nil
}

func merge(a, b []*conversation) []*conversation {
	out := make([]*conversation, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].id < b[0].id {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// page gives conversations in order whose id is at least from, at most n.
func (s *conversations) page(from protocol.ConversationID, n int) []*conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, _ := slices.BinarySearchFunc(s.order, from, byName)
	k, _ := slices.BinarySearchFunc(s.fresh, from, byName)
	a, b := s.order[i:], s.fresh[k:]
	page := merge(a[:min(n, len(a))], b[:min(n, len(b))])
	return page[:min(n, len(page))] // beyond it one of the two may have others in between
}

// all gives every conversation, in order.
func (s *conversations) all() []*conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return merge(s.order, s.fresh)
}

// List is persistence.Record's.
func (r *Record) List(
	which persistence.Which, after protocol.ConversationID, limit int,
) (list []persistence.Listed, more bool) {
	from := protocol.ConversationID(which.Prefix)
	if after >= from {
		from = following(after)
	}
	limit = max(limit, 0)
	step := limit + 1
	if which.Contains != "" {
		step = max(step, 1000) // most are passed over; the lock is let go in between
	}
	for {
		page := r.conversations.page(from, step)
		for _, c := range page {
			if !strings.HasPrefix(string(c.id), which.Prefix) {
				return list, false
			}
			if !which.Takes(c.id) {
				continue
			}
			if len(list) == limit {
				return list, true
			}
			tail, _, _ := c.snapshot()
			list = append(list, persistence.Listed{ID: c.id, Tail: tail})
		}
		if len(page) == 0 {
			return list, false
		}
		from = following(page[len(page)-1].id)
	}
}

// following is the least id that is greater.
func following(id protocol.ConversationID) protocol.ConversationID { return id + "\x00" }
