package hub

import (
	"time"

	"verbatim/protocol"
)

// flush sends out what is due, and schedules the next flush. A conversation without members and users ends here.
func (c *Conversation) flush(now time.Time) {
	if c.gone {
		return // its last flush had scheduled one more
	}

	c.presence.expire(now, func(name protocol.UserID) { c.userChanged(name, eventLeft) })
	c.flushEphemera(now)
	c.flushLast(now)
	c.freeRing(now)
	if len(c.wakes.members)+len(c.followers)+len(c.presence.users) == 0 {
		c.gone = true
		c.shard.table.remove(c)
		return
	}

	c.shard.schedule(c, c.nextFlush(now))
}

// flushEphemera makes one tick of all that may go out now, and wakes the members for it.
func (c *Conversation) flushEphemera(now time.Time) {
	crowd := c.presence.crowd()
	c.marks.take(now, func(k *mark) { c.tellMark(k, crowd) })
	if due, list := c.presence.takeSummary(now); due {
		c.ephemera.addSummary(c.presenceFrame(list))
	}
	if c.ephemera.flush() {
		c.shard.wake(c)
	}
}

// tellMark tells of a mark. A crowd's marks go to the user's own sessions alone, and so does what followers get: each
// session has a place for the newest one, so that nobody else is woken for it.
func (c *Conversation) tellMark(k *mark, crowd bool) {
	frame := c.markFrame(k)
	if !crowd {
		c.ephemera.add(part{about: k.name, by: k.by, mark: true, frame: frame})
	}
	for _, m := range c.sessions[k.name] {
		if &m.ephemera != k.by && (crowd || m.Kind == Following) {
			m.ephemera.own.Store(&frame)
			m.Wake()
		}
	}
}

// flushLast tells the followers of the newest entry, if they do not know it and the last telling is long enough ago.
func (c *Conversation) flushLast(now time.Time) {
	if !c.last.take(now) {
		return
	}

	tail, err := c.shard.store.Tail(c.ID) // in memory, since an entry of it was committed a moment ago
	if err != nil {
		c.shard.log.Error().Err(err).Str("conversation", string(c.ID)).
			Msg("followers were not told of the newest entry")
		return
	}
	frame := protocol.Frame(protocol.Last{Conversation: c.ID, Last: tail.Last, Time: tail.Time})
	c.last.newest.Store(&newest{seq: tail.Last, frame: frame})
	for _, m := range c.followers {
		m.Wake()
	}
}

// freeRing frees the ring's memory if no entry has come for ringIdle.
func (c *Conversation) freeRing(now time.Time) {
	if c.publishedAt.IsZero() || now.Before(c.publishedAt.Add(ringIdle)) {
		return
	}
	c.publishedAt = time.Time{}
	c.ring.clear()
}

// nextFlush returns when flush must come again, or the zero time if nothing is pending.
func (c *Conversation) nextFlush(now time.Time) time.Time {
	at := earlier(c.presence.due(), c.marks.due())
	at = earlier(at, c.last.due())
	if len(c.ephemera.parts) > 0 {
		at = earlier(at, now.Add(tick))
	}
	if !c.publishedAt.IsZero() {
		at = earlier(at, c.publishedAt.Add(ringIdle))
	}
	return at
}
