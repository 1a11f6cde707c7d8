package server

import (
	"math/rand/v2"
	"time"

	"verbatim/session"
)

// A drain sends its sessions away one after the other, and asks them back one after the other once the next server is
// there: who leaves first comes back first, so that nobody is away for longer than the spread asks for.
const (
	// leavePerSecond bounds how fast sessions leave; spreadOfDrain is the part of --drain-timeout that they may take
	// for it. The rest is for their last replies, and for the record.
	leavePerSecond = 1000
	spreadOfDrain  = 4 // a quarter
	leastLeave     = 250 * time.Millisecond

	// restart is how long nobody is asked back: the server ends, and the next one starts. One with many sessions takes
	// longer.
	restart     = time.Second
	restartEach = 25 * time.Microsecond
	mostRestart = 3 * time.Second

	// backPerSecond is how fast they are asked back while that takes no longer than backWithin, and fullPerSecond
	// beyond: a join with what was missed, and TLS in front of it, cost a core about half a millisecond.
	backPerSecond = 300
	backWithin    = 7500 * time.Millisecond
	fullPerSecond = 1500

	// leastBack is the width for a few: they are few here, and perhaps many on all the servers that are restarted
	// together.
	leastBack = time.Second
)

// departures plans a drain that may take so long: each session's moment, and when its client should come back.
func departures(drain time.Duration) func(i, n int) session.Departure {
	return func(i, n int) session.Departure {
		leave := min(drain/spreadOfDrain, max(at(n, leavePerSecond), leastLeave))
		back := max(at(n, fullPerSecond), min(at(n, backPerSecond), backWithin), leastBack)
		if n == 1 {
			leave, back = 0, 0 // there is nobody to keep apart
		}
		first := leave + min(restart+time.Duration(n)*restartEach, mostRestart)
		moment := part(leave, float64(i)/float64(n))
		comes := first + part(back, (float64(i)+rand.Float64())/float64(n))
		return session.Departure{At: moment, Retry: comes - moment}
	}
}

// at is how long n take at so many a second.
func at(n, perSecond int) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(perSecond)
}

func part(d time.Duration, share float64) time.Duration { return time.Duration(share * float64(d)) }
