package hub

import (
	"sync/atomic"
	"time"

	"verbatim/protocol"
)

// lastNotice tells a conversation's followers of its newest entry, no more often than once in minGap.
type lastNotice struct {
	newest atomic.Pointer[newest] // nil: none was told yet; written by the shard, read by sessions

	// Owned by the shard.
	pending bool      // followers do not know of the newest entry
	toldAt  time.Time // when they were told last
}

// newest is a `last` frame, made once for all followers.
type newest struct {
	seq   protocol.Seq
	frame []byte
}

// note says that there is a newer entry, and returns when the followers may be told of it.
func (l *lastNotice) note(now time.Time) time.Time {
	l.pending = true
	return later(now, l.toldAt.Add(minGap))
}

// take reports whether the followers are to be told now. If so, it counts as done.
func (l *lastNotice) take(now time.Time) bool {
	if !l.pending || now.Before(l.toldAt.Add(minGap)) {
		return false
	}
	l.pending = false
	l.toldAt = now
	return true
}

// due returns when take must be called next, or the zero time if nothing is pending.
func (l *lastNotice) due() time.Time {
	if !l.pending {
		return time.Time{}
	}
	return l.toldAt.Add(minGap)
}
