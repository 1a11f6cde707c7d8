package session

import "testing"

func TestABacklogHasRoomAgainWhenBothOfItsPartsAreWithinTheirLimits(t *testing.T) {
	var b backlog
	if b.wait() != nil {
		t.Fatal("an empty backlog is full")
	}

	b.replies = make([]byte, maxReplies+1)
	b.inFlight = maxInFlight + 1
	room := b.wait()
	b.replies = b.replies[:0]
	b.shrunk()
	if isClosed(room) {
		t.Error("there is room, with too much in flight")
	}

	b.inFlight = maxInFlight
	b.shrunk()
	if !isClosed(room) || b.wait() != nil {
		t.Error("it is within both limits, and there is no room")
	}
	b.shrunk() // nobody waits

	b.replies = make([]byte, maxReplies+1)
	if b.wait() == nil {
		t.Error("there is room, with too many replies")
	}
}

func TestAFetchWaitsForAPlaceUntilItsSessionIsGone(t *testing.T) {
	var f fetchSlots
	for range maxFetches {
		if !f.take(nil, nil) {
			t.Fatal("a place is free, and was not given")
		}
	}

	dead := make(chan struct{})
	close(dead)
	if f.take(dead, nil) || f.take(nil, dead) {
		t.Error("all places are taken, and one more was given")
	}
	f.release()
	if !f.take(nil, nil) {
		t.Error("a place is free again, and was not given")
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
