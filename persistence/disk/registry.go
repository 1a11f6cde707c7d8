package disk

import (
	"slices"
	"strings"
	"sync"

	"verbatim/protocol"
)

// registry are all that exist, by id and in order. Safe for concurrent use.
//
// The order is two sorted runs, a large one and a small one of new ids, so that neither a new conversation nor a
// page of the list costs work in proportion to all of them.
type registry struct {
	mu    sync.RWMutex
	byID  map[protocol.ConversationID]*conversation
	order []*conversation
	fresh []*conversation
}

// maxFresh is how many new conversations there may be before they are merged into the order: 100,000 pointers are
// copied in well under 1 ms.
const maxFresh = 1024

func byName(c *conversation, id protocol.ConversationID) int {
	return strings.Compare(string(c.id), string(id))
}

// get returns a conversation, or nil if there is none.
func (s *registry) get(id protocol.ConversationID) *conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

func (s *registry) count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byID)
}

// add takes in a conversation that did not exist.
func (s *registry) add(c *conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[c.id] = c
	i, _ := slices.BinarySearchFunc(s.fresh, c.id, byName)
	s.fresh = slices.Insert(s.fresh, i, c)
	if len(s.fresh) >= maxFresh {
		s.order, s.fresh = merge(s.order, s.fresh), nil
	}
}

// fill sets all of them at once.
func (s *registry) fill(byID map[protocol.ConversationID]*conversation) {
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

// page returns conversations in order whose id is at least from, at most n.
func (s *registry) page(from protocol.ConversationID, n int) []*conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, _ := slices.BinarySearchFunc(s.order, from, byName)
	k, _ := slices.BinarySearchFunc(s.fresh, from, byName)
	a, b := s.order[i:], s.fresh[k:]
	page := merge(a[:min(n, len(a))], b[:min(n, len(b))])
	return page[:min(n, len(page))] // beyond it one of the two may have others in between
}

// all returns every conversation, in order.
func (s *registry) all() []*conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return merge(s.order, s.fresh)
}
