package hub

import (
	"slices"
	"sync/atomic"
	"time"

	"verbatim/protocol"
)

// presence is who is in a conversation. The shard owns it, but for count.
type presence struct {
	count atomic.Int64 // users that are present; written by the shard, read by any goroutine

	names    int // Options.Names: more users than that are a crowd; fixed
	users    map[protocol.UserID]*user
	leaving  []*user // whose last session went, oldest first; some came back meanwhile
	roster   roster
	toldAt   time.Time // when a crowd's number, or the whole list, went out last
	sendSize bool      // a crowd's number must go out
	sendList bool      // the whole list must go out: the crowd is small again
}

// user is a user who is present: with a session here, or gone for less than leaveAfter.
type user struct {
	name     protocol.UserID
	sessions int
	leaveAt  time.Time // when it has left, unless it comes back; zero: it is here
	typedAt  time.Time // when its typing went out last
}

// crowd reports whether there are too many users to tell of each.
func (p *presence) crowd() bool { return len(p.users) > p.names }

// arrive counts one more session of a user, and reports whether the user was not present.
func (p *presence) arrive(name protocol.UserID) (joined bool) {
	u := p.users[name]
	if joined = u == nil; joined {
		u = &user{name: name}
		if p.users == nil {
			p.users = make(map[protocol.UserID]*user)
		}
		p.users[name] = u
	}
	u.sessions++
	u.leaveAt = time.Time{}
	return joined
}

// depart counts one session less. If it was the user's last, it returns when the user will have left; a user who is
// back before has never been away. Otherwise it returns the zero time.
func (p *presence) depart(name protocol.UserID, now time.Time) time.Time {
	u := p.users[name]
	u.sessions--
	if u.sessions > 0 {
		return time.Time{}
	}
	u.leaveAt = now.Add(leaveAfter)
	p.leaving = append(p.leaving, u)
	return u.leaveAt
}

// expire removes the users whose time is up, and calls left after each. The list is in the order of leaveAt, since all
// wait equally long. A user who came back and went again is in it twice, the first time with a leaveAt that is not
// reached.
func (p *presence) expire(now time.Time, left func(protocol.UserID)) {
	n := 0
	for ; n < len(p.leaving); n++ {
		u := p.leaving[n]
		if u.sessions > 0 || p.users[u.name] != u {
			continue
		}
		if u.leaveAt.After(now) {
			if slices.Contains(p.leaving[n+1:], u) {
				continue
			}
			break
		}
		delete(p.users, u.name)
		left(u.name)
	}
	p.leaving = slices.Delete(p.leaving, 0, n)
}

// changed notes that a user joined or left. It reports whether this is told as an event. If not, there is a crowd, or
// there was one a moment ago, and its number or the list must go out at due.
func (p *presence) changed(name protocol.UserID, event string) (asEvent bool) {
	n := len(p.users)
	p.count.Store(int64(n))
	p.roster.changed(name, event, p.crowd())
	switch {
	case p.crowd():
		p.sendSize = true
		p.sendList = false
	case event == eventLeft && n == p.names: // small again: the members have no list of it
		p.sendSize = false
		p.sendList = true
	}
	return !p.sendSize && !p.sendList
}

// The events of a presence frame.
const (
	eventJoined = "joined"
	eventLeft   = "left"
)

// takeSummary reports whether a crowd's number, or the list, is to go out now. If so, it counts as done.
func (p *presence) takeSummary(now time.Time) (due, list bool) {
	if !p.sendSize && !p.sendList || now.Before(p.toldAt.Add(minGap)) {
		return false, false
	}
	list = p.sendList
	p.toldAt = now
	p.sendSize = false
	p.sendList = false
	return true, list
}

// due returns when expire or takeSummary must be called next, or the zero time if nothing is to come.
func (p *presence) due() (at time.Time) {
	if len(p.leaving) > 0 {
		at = p.leaving[0].leaveAt
	}
	if p.sendSize || p.sendList {
		at = earlier(at, p.toldAt.Add(minGap))
	}
	return at
}

// typed notes that a user is typing, and reports whether this is told: not in a crowd, and not twice in typingEvery.
func (p *presence) typed(name protocol.UserID, now time.Time) bool {
	u := p.users[name]
	if u == nil || p.crowd() || now.Sub(u.typedAt) < typingEvery {
		return false
	}
	u.typedAt = now
	return true
}

// online returns the JSON list of the users, at most names of them. In a crowd they are any of them, self among them;
// "": none must be.
func (p *presence) online(self protocol.UserID) []byte { return p.roster.list(p.users, p.names, self) }
