package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// shardCount is over how many locks the sockets' counting is spread: few enough to be gathered each second, more than a
// machine has cores in most cases, so that two readers seldom meet.
const shardCount = 16

// shard counts what some of the sockets get.
type shard struct {
	mu     sync.Mutex
	counts counts
	spare  counts
}

// counts is what came in one second.
type counts struct {
	deliveries, acks int64
	deliver, ack     *hdrhistogram.Histogram // ns, of messages due in the measured time
}

// The histograms' range: what is longer counts as the longest.
const (
	leastLatency = int64(time.Microsecond)
	mostLatency  = int64(2 * time.Minute)
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(leastLatency, mostLatency, 3) }
func newCounts() counts                     { return counts{deliver: newHistogram(), ack: newHistogram()} }
func newShard() shard                       { return shard{counts: newCounts(), spare: newCounts()} }

// counts says whether a message that was due then is measured.
func (r *run) counts(due int64) bool { return due >= r.from.Load() && due < r.to.Load() }

func (s *shard) delivered(latency int64, counted bool) {
	s.mu.Lock()
	s.counts.deliveries++
	if counted {
		_ = s.counts.deliver.RecordValue(min(max(latency, 0), mostLatency)) // within its range
	}
	s.mu.Unlock()
}

func (s *shard) acknowledged(latency int64, counted bool) {
	s.mu.Lock()
	s.counts.acks++
	if counted {
		_ = s.counts.ack.RecordValue(min(max(latency, 0), mostLatency)) // within its range
	}
	s.mu.Unlock()
}

// take moves what a shard has counted into sum.
func (s *shard) take(sum *counts) {
	s.mu.Lock()
	s.counts, s.spare = s.spare, s.counts
	s.mu.Unlock()
	sum.add(&s.spare) // nobody else has it
	s.spare.clear()
}

func (c *counts) add(d *counts) {
	c.deliveries += d.deliveries
	c.acks += d.acks
	c.deliver.Merge(d.deliver)
	c.ack.Merge(d.ack)
}

func (c *counts) clear() {
	c.deliveries, c.acks = 0, 0
	c.deliver.Reset()
	c.ack.Reset()
}
