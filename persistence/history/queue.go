package history

import (
	"sync"

	"verbatim/persistence"
	"verbatim/protocol"
)

const (
	queueBytes = 16 << 20 // what waits for Redis at most; above it entries are dropped, and read from the record
	jobBytes   = 128      // what a job takes beside its batch
)

// job is one thing to do in Redis: put a batch in, or, where there is none, take the key away.
type job struct {
	id    protocol.ConversationID
	log   protocol.LogID
	batch *persistence.Entries
}

func (j job) bytes() int64 {
	if j.batch == nil {
		return jobBytes
	}
	return jobBytes + int64(len(j.batch.Frames))
}

func (j job) entries() int64 {
	if j.batch == nil {
		return 0
	}
	return int64(j.batch.Len())
}

// queue is what waits for the appender, in order.
type queue struct {
	wake chan struct{} // capacity 1, never closed: something was put in, or the queue was closed
	full chan struct{} // likewise: a whole pipeline waits, or the queue was closed

	mu      sync.Mutex
	jobs    []job
	entries int64          // of jobs
	bytes   int64          // likewise
	heals   map[place]bool // keys whose taking away is queued: many readers find the same fault
	closed  bool
}

type place struct {
	id  protocol.ConversationID
	log protocol.LogID
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), full: make(chan struct{}, 1), heals: make(map[place]bool)}
}

// put takes a job unless the queue is full or closed, or is to take the same key away already. It never waits.
func (q *queue) put(j job) bool {
	q.mu.Lock()
	fits := !q.closed && q.bytes+j.bytes() <= queueBytes && !(j.batch == nil && q.heals[place{j.id, j.log}])
	if fits {
		if j.batch == nil {
			q.heals[place{j.id, j.log}] = true
		}
		q.jobs = append(q.jobs, j)
		q.bytes += j.bytes()
		q.entries += j.entries()
	}
	q.tellIfFull()
	q.mu.Unlock()
	if fits {
		signal(q.wake)
	}
	return fits
}

// take gives the oldest jobs, until they are `entries` or `bytes`, at least one; none: the queue is empty, and
// `more` says whether there can be any later.
func (q *queue) take(entries, bytes int64) (jobs []job, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.jobs) && entries > 0 && bytes > 0 {
		entries -= q.jobs[n].entries()
		bytes -= q.jobs[n].bytes()
		q.bytes -= q.jobs[n].bytes()
		q.entries -= q.jobs[n].entries()
		if q.jobs[n].batch == nil {
			delete(q.heals, place{q.jobs[n].id, q.jobs[n].log})
		}
		n++
	}
	jobs = append(jobs, q.jobs[:n]...)
	clear(q.jobs[:n]) // the batches must not be held by the array
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
	signal(q.wake)
}

// tellIfFull cuts the appender's rest short. mu is held.
func (q *queue) tellIfFull() {
	if q.closed || q.entries >= pipelineEntries || q.bytes >= pipelineBytes {
		signal(q.full)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is pending
	}
}

func (q *queue) size() (jobs int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs), q.bytes
}
