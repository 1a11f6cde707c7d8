package history

import (
	"testing"

	"verbatim/persistence"
)

// The appender rests between round trips, but not while a whole one waits, nor at the end.
func TestTheAppendersRestIsCutShort(t *testing.T) {
	q := newQueue()
	put := func(entries int) {
		q.put(job{id: "lobby", log: "1", entries: &persistence.Entries{First: 1, Ends: make([]uint32, entries)}})
	}
	cut := func() bool {
		select {
		case <-q.full:
			return true
		default:
			return false
		}
	}
	put(pipelineEntries - 1)
	if cut() {
		t.Error("less than a round trip's entries cut the rest short")
	}
	put(1)
	if !cut() {
		t.Error("a whole round trip waits, and the rest goes on")
	}
	put(2 * pipelineEntries)
	cut()
	if q.take(pipelineEntries, pipelineBytes); !cut() {
		t.Error("after one round trip another whole one waits, and the rest goes on")
	}
	if q.take(2*pipelineEntries, pipelineBytes); cut() {
		t.Error("nothing waits, and the rest is cut short")
	}
	if q.close(); !cut() {
		t.Error("the queue is closed, and the rest goes on")
	}
}

func TestTheQueueIsBoundedInBytes(t *testing.T) {
	q := newQueue()
	entries := &persistence.Entries{First: 1, Ends: make([]uint32, 1), Frames: make([]byte, 1<<20)}
	j := job{id: "lobby", log: "1", entries: entries}
	for range 15 {
		if !q.put(j) {
			t.Fatal("a queue below its bound dropped")
		}
	}
	if q.put(j) {
		t.Error("a queue at its bound took more")
	}
	if q.take(1, 1); !q.put(j) {
		t.Error("a queue that has room again dropped")
	}
	if _, bytes := q.size(); bytes > queueBytes {
		t.Errorf("%d bytes are queued, want at most %d", bytes, queueBytes)
	}
}
