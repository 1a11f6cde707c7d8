package promises

// Add tells the checker the next event.
func (c *Checker) Add(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.log != nil && c.logErr == nil {
		c.logErr = c.log.Encode(e)
	}
	switch e.Kind {
	case Look:
		c.look(e)
	case Record:
		c.record(e)
	case Rest:
		c.rest()
	case Open:
		c.open(e)
	default:
		c.addToSession(e)
	}
}

// addToSession takes an event of an open session.
func (c *Checker) addToSession(e Event) {
	s := c.sessions[e.Session]
	if s == nil {
		c.breach(0, "%s came to the session %q, which is not open", e.Kind, e.Session)
		return
	}
	switch e.Kind {
	case Lost:
		c.lost(s, e)
	case Send:
		c.send(s, e)
	case Ack:
		c.ack(s, e)
	case Refused:
		c.refused(s, e)
	case Join:
		c.join(s, e)
	case Joined:
		c.joined(s, e)
	case Left:
		delete(s.reads, e.Conversation)
	case Saw:
		c.saw(s, e)
	default:
		c.breach(0, "an event of the unknown kind %q", e.Kind)
	}
}
