package promises

import (
	"fmt"
	"slices"

	"verbatim/protocol"
)

// Due is how much is still to come to those who are connected: replies, and conversations that a session is behind in. When
// nothing more is sent it goes down to 0, and then Rest finds nothing.
func (c *Checker) Due() (due int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missing(func(string, ...any) { due++ })
	return due
}

// rest holds those who are still connected to having everything.
func (c *Checker) rest() {
	c.missing(func(format string, args ...any) {
		promise := 0
		if format == behind {
			promise = 5
		}
		c.breach(promise, format, args...)
	})
}

const behind = "%s: %s got everything up to seq %d and nothing more, and there are %d"

// missing tells of everything that is due to a session.
func (c *Checker) missing(tell func(format string, args ...any)) {
	for _, s := range c.sessions {
		for id, sends := range s.sending {
			for _, a := range sends.waiting {
				tell("%s: %s/%s was sent by %s, and there is no reply", id, a.message.author, a.message.id, s.name)
			}
		}
		for id, waiting := range s.asked {
			if len(waiting) > 0 {
				tell("%s: a join of %s has no reply", id, s.name)
			}
		}
		for id, r := range s.reading {
			if high := c.conversation(id).high(); r.next <= high {
				tell(behind, id, s.name, r.next-1, high)
			}
		}
	}
}

// Receipts are the newest ack's of each conversation, as `verbatim verify --receipt` takes them.
func (c *Checker) Receipts() (receipts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, v := range c.conversations {
		for seq := v.acked; seq > 0; seq-- { // mostly the first: sends whose ack was lost are few
			if p := v.places[seq]; p != nil && p.message.sum != "" {
				receipts = append(receipts, fmt.Sprintf("%s:%d:%s", id, seq, p.message.sum))
				break
			}
		}
	}
	slices.Sort(receipts)
	return receipts
}

// Conversations are those that the history is about, sorted.
func (c *Checker) Conversations() (ids []protocol.ConversationID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.conversations {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
