package hub

import (
	"slices"
	"time"

	"verbatim/protocol"
)

// user is somebody who is present: with a session here, or gone for less than leaveAfter.
type user struct {
	name     protocol.UserID
	sessions int
	leaveAt  time.Time // when it has left, unless it comes back; zero: it is here
	typedAt  time.Time // when its typing went out last
}

func (c *Conversation) crowd() bool { return len(c.users) > c.loop.hub.names }

// arrive counts a session of a user; the first one is told to the others.
func (c *Conversation) arrive(name protocol.UserID) {
	u := c.users[name]
	if u == nil {
		u = &user{name: name}
		if c.users == nil {
			c.users = make(map[protocol.UserID]*user)
		}
		c.users[name] = u
		c.changed(name, "joined")
	}
	u.sessions++
	u.leaveAt = time.Time{}
}

// depart counts a session less. Who is back within leaveAfter makes no presence.
func (c *Conversation) depart(name protocol.UserID) {
	u := c.users[name]
	u.sessions--
	if u.sessions > 0 {
		return
	}
	u.leaveAt = time.Now().Add(leaveAfter)
	c.leaving = append(c.leaving, u)
	c.loop.schedule(c, u.leaveAt)
}

// expire lets those go whose time is up. The list is in the order of leaveAt, since all wait equally long; a user who
// came back and went again stands in it twice, the first time with a leaveAt that is not reached.
func (c *Conversation) expire(now time.Time) {
	n := 0
	for ; n < len(c.leaving); n++ {
		u := c.leaving[n]
		if u.sessions > 0 || c.users[u.name] != u {
			continue
		}
		if u.leaveAt.After(now) {
			if slices.Contains(c.leaving[n+1:], u) {
				continue
			}
			break
		}
		delete(c.users, u.name)
		c.changed(u.name, "left")
	}
	c.leaving = slices.Delete(c.leaving, 0, n)
}

// changed notes that a user came or went: as an event for a few, as a number for a crowd.
func (c *Conversation) changed(name protocol.UserID, event string) {
	n := len(c.users)
	c.count.Store(int64(n))
	names := c.loop.hub.names
	c.online.changed(name, event, n > names)
	c.dirty.events++
	if n > names {
		c.dirty.count, c.dirty.list = true, false
		c.loop.schedule(c, later(time.Now().Add(tick), c.countedAt.Add(atMost)))
		return
	}
	if event == "left" && n == names {
		c.dirty.count, c.dirty.list = false, true // small again: the members have no list of it
	}
	if c.dirty.list {
		c.loop.schedule(c, time.Now().Add(tick))
		return
	}
	c.add(part{about: name, frame: protocol.Frame(protocol.Presence{Conversation: c.ID, User: name, Event: event, Count: n})})
}
