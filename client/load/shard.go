package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// shardCount is the number of locks over which the counters of all sockets are spread. It is small enough to collect
// all of them each second, and usually more than a machine has cores, so that two readers seldom meet.
const shardCount = 16

// shard has the counters of some of the sockets. Safe for concurrent use.
type shard struct {
	mu     sync.Mutex
	counts counts
	spare  counts // owned by take
}

// counts are the events of about a second.
type counts struct {
	deliveries, acks int64
	deliver, ack     *hdrhistogram.Histogram // ns, of measured messages
}

// The range of the histograms, in ns. A longer latency counts as the longest.
const (
	minLatency = int64(time.Microsecond)
	maxLatency = int64(2 * time.Minute)
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(minLatency, maxLatency, 3) }
func newCounts() counts                     { return counts{deliver: newHistogram(), ack: newHistogram()} }
func newShard() shard                       { return shard{counts: newCounts(), spare: newCounts()} }

// delivered counts a delivery. Its latency, in ns, counts if it is measured.
func (s *shard) delivered(latency int64, measured bool) {
	s.mu.Lock()
	s.counts.deliveries++
	if measured {
		_ = s.counts.deliver.RecordValue(min(max(latency, 0), maxLatency)) // within its range
	}
	s.mu.Unlock()
}

// acknowledged counts an ack. Its latency, in ns, counts if it is measured.
func (s *shard) acknowledged(latency int64, measured bool) {
	s.mu.Lock()
	s.counts.acks++
	if measured {
		_ = s.counts.ack.RecordValue(min(max(latency, 0), maxLatency)) // within its range
	}
	s.mu.Unlock()
}

// take adds what the shard has counted to sum, and starts it again at 0.
func (s *shard) take(sum *counts) {
	s.mu.Lock()
	s.counts, s.spare = s.spare, s.counts
	s.mu.Unlock()
	sum.add(&s.spare)
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
