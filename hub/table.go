package hub

import (
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"verbatim/protocol"
)

// tableParts is how many locks the table has, so that conversations seldom wait for one another's.
const tableParts = 64

// table is the live conversations by their ids. Safe for concurrent use. Its locks are the innermost ones: nothing is
// called under them but the maker of a conversation.
type table struct {
	seed  maphash.Seed // fixed after newTable
	size  atomic.Int64 // conversations
	parts [tableParts]tablePart
}

type tablePart struct {
	mu   sync.RWMutex
	live map[protocol.ConversationID]*Conversation
}

func newTable() *table {
	t := &table{seed: maphash.MakeSeed()}
	for i := range t.parts {
		t.parts[i].live = make(map[protocol.ConversationID]*Conversation)
	}
	return t
}

// part returns the part that an id belongs to, and a number that spreads the ids of a part evenly.
func (t *table) part(id protocol.ConversationID) (*tablePart, uint64) {
	hash := maphash.String(t.seed, string(id))
	return &t.parts[hash%tableParts], hash / tableParts
}

// find returns a live conversation, or nil if there is none of that id.
func (t *table) find(id protocol.ConversationID) *Conversation {
	p, _ := t.part(id)
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.live[id]
}

// all returns the live conversations, in no order. Those that come or go meanwhile may be among them or not.
func (t *table) all() iter.Seq[*Conversation] {
	return func(yield func(*Conversation) bool) {
		for i := range t.parts {
			p := &t.parts[i]
			p.mu.RLock()
			live := slices.Collect(maps.Values(p.live))
			p.mu.RUnlock()
			for _, c := range live {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// findOrMake returns the live conversation of that id. If there is none, it takes in the one that newOne makes.
func (t *table) findOrMake(
	id protocol.ConversationID, newOne func(id protocol.ConversationID, spread uint64) *Conversation,
) *Conversation {
	p, spread := t.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.live[id]
	if c == nil {
		c = newOne(protocol.ConversationID(strings.Clone(string(id))), spread)
		p.live[c.ID] = c
		t.size.Add(1)
	}
	return c
}

// remove takes a conversation out. Only its shard calls it, once.
func (t *table) remove(c *Conversation) {
	p, _ := t.part(c.ID)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live[c.ID] == c {
		delete(p.live, c.ID)
	}
	t.size.Add(-1)
}
