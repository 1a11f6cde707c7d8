package hub

import "time"

const (
	// tick is how long ephemeral state gathers before it goes out.
	tick = 50 * time.Millisecond
	// minGap is the shortest time between two tellings of a crowd's count, of one user's read mark, and of `last`.
	minGap = time.Second
	// typingEvery is the shortest time between two tellings that a user is typing.
	typingEvery = 3 * time.Second
	// leaveAfter is how long a user's last session must be gone before the user has left.
	leaveAfter = 5 * time.Second
	// ringIdle is how long after its last entry a ring frees its memory.
	ringIdle = 30 * time.Second
)

// later returns the later one of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier returns the earlier one of two times, of which the zero time means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
