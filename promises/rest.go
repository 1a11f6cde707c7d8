package promises

// Due returns how much is still to come to open sessions: replies, and conversations in which a session is behind. When
// nothing more is sent it falls to 0, and then Rest finds nothing.
func (c *Checker) Due() (due int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missing(func(int, string, ...any) { due++ })
	return due
}

// rest checks that open sessions have everything.
func (c *Checker) rest() { c.missing(c.breach) }

// missing reports everything that is due to an open session, with the promise that its absence breaks. mu is held.
func (c *Checker) missing(report func(promise int, format string, args ...any)) {
	for _, s := range c.sessions {
		for id, sent := range s.sent {
			for _, a := range sent.waiting {
				report(0, "%s: %s/%s was sent by %s, and there is no reply", id, a.message.author, a.message.id, s.name)
			}
		}
		for id, joins := range s.joins {
			if len(joins) > 0 {
				report(0, "%s: a join of %s has no reply", id, s.name)
			}
		}
		for id, r := range s.reads {
			if high := c.conversation(id).high(); r.next <= high {
				report(5, "%s: %s got everything up to seq %d and nothing more, and there are %d",
					id, s.name, r.next-1, high)
			}
		}
	}
}
