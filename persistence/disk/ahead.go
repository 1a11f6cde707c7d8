package disk

import (
	"verbatim/persistence"
	"verbatim/protocol"
)

// Ahead returns how many conversations have entries that are dated after now, and which is the furthest ahead. Time
// never goes back within a conversation, so its last entry tells.
func (r *Record) Ahead(now protocol.Time) (n int, furthest persistence.Listed) {
	for _, c := range r.conversations.all() {
		tail, _, _ := c.snapshot()
		if tail.Time <= now {
			continue
		}
		if n++; tail.Time > furthest.Tail.Time {
			furthest = persistence.Listed{ID: c.id, Tail: tail}
		}
	}
	return n, furthest
}
