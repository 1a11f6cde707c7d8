package history

import (
	"sync"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/wake"
)

const (
	queueBytes = 16 << 20 // what waits for Redis at most; above it entries are dropped, and read from the record
	jobBytes   = 128      // what a job takes beside its entries
)

// job is one thing to do in Redis: write entries, or, without any, remove the key.
type job struct {
	id      protocol.ConversationID
	log     protocol.LogID
	entries *persistence.Entries
}

func (j job) bytes() int64 {
	if j.entries == nil {
		return jobBytes
	}
	return jobBytes + int64(len(j.entries.Frames))
}

// count returns how many entries the job has.
func (j job) count() int64 {
	if j.entries == nil {
		return 0
	}
	return int64(j.entries.Len())
}

// queue is what waits for the appender, in order. Safe for concurrent use.
type queue struct {
	wake wake.Signal // something was put in, or the queue was closed
	full wake.Signal // a whole pipeline waits, or the queue was closed

	// Guarded by mu.
	mu       sync.Mutex
	jobs     []job
	entries  int64           // of jobs
	bytes    int64           // of jobs
	removals map[string]bool // keys whose removal is queued: many readers find the same fault
	closed   bool
}

func newQueue() *queue {
	return &queue{wake: wake.New(), full: wake.New(), removals: make(map[string]bool)}
}

// put adds a job, and reports whether it did: not if the queue is full or closed, or if the same key's removal is
// queued already. It never waits.
func (q *queue) put(j job) bool {
	q.mu.Lock()
	removal := j.entries == nil
	fits := !q.closed && q.bytes+j.bytes() <= queueBytes && !(removal && q.removals[key(j.id, j.log)])
	if fits {
		if removal {
			q.removals[key(j.id, j.log)] = true
		}
		q.jobs = append(q.jobs, j)
		q.bytes += j.bytes()
		q.entries += j.count()
	}
	q.tellIfFull()
	q.mu.Unlock()
	if fits {
		q.wake.Wake()
	}
	return fits
}

// take removes and returns the oldest jobs, until they have that many entries or bytes, at least one. Without any the
// queue is empty; more reports whether there can be any later.
func (q *queue) take(entries, bytes int64) (jobs []job, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.jobs) && entries > 0 && bytes > 0 {
		j := q.jobs[n]
		entries -= j.count()
		q.entries -= j.count()
		bytes -= j.bytes()
		q.bytes -= j.bytes()
		if j.entries == nil {
			delete(q.removals, key(j.id, j.log))
		}
		n++
	}
	jobs = append(jobs, q.jobs[:n]...)
	clear(q.jobs[:n]) // the array must not hold the entries
	q.jobs = q.jobs[n:]
	if len(q.jobs) == 0 {
		q.jobs = nil
	}
	q.tellIfFull()
	return jobs, !q.closed
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.tellIfFull()
	q.mu.Unlock()
	q.wake.Wake()
}

// tellIfFull cuts the appender's rest short. mu is held.
func (q *queue) tellIfFull() {
	if q.closed || q.entries >= pipelineEntries || q.bytes >= pipelineBytes {
		q.full.Wake()
	}
}

// size returns how many jobs wait, and how many bytes they have.
func (q *queue) size() (jobs int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs), q.bytes
}
