package metrics

import (
	"math"
	gometrics "runtime/metrics"

	"github.com/prometheus/client_golang/prometheus"
)

// schedulingLatency is how long goroutines that could run waited for a core: Go's own histogram, with the name that
// client_golang gives it. Its collector merges the buckets by powers of ten, which cannot tell 12 ms from 110 ms. Safe
// for concurrent use.
type schedulingLatency struct{ desc *prometheus.Desc }

const schedLatencies = "/sched/latencies:seconds"

func newSchedulingLatency() *schedulingLatency {
	return &schedulingLatency{prometheus.NewDesc("go_sched_latencies_seconds",
		"How long a goroutine that could run waited before it did: a sample of one in eight. The sum is an estimate. "+
			"Sourced from "+schedLatencies+".", nil, nil)}
}

// Describe implements prometheus.Collector.
func (l *schedulingLatency) Describe(descs chan<- *prometheus.Desc) { descs <- l.desc }

// Collect implements prometheus.Collector.
func (l *schedulingLatency) Collect(found chan<- prometheus.Metric) {
	sample := []gometrics.Sample{{Name: schedLatencies}}
	gometrics.Read(sample)
	if sample[0].Value.Kind() != gometrics.KindFloat64Histogram {
		return // this version of Go has no such metric
	}
	buckets, count, sum := merge(sample[0].Value.Float64Histogram())
	found <- prometheus.MustNewConstHistogram(l.desc, count, sum, buckets)
}

// The edges of the buckets that are kept, in seconds: each is at least so many times the one before.
const (
	minEdge  = 1e-6
	maxEdge  = 1.1
	minRatio = 1.4
)

// merge converts a histogram of Go, which counts values between two edges, to one of Prometheus, which counts all
// values up to an edge. It keeps Go's own edges, so that only the sum is an estimate.
func merge(h *gometrics.Float64Histogram) (buckets map[float64]uint64, count uint64, sum float64) {
	buckets = map[float64]uint64{}
	last := 0.0
	for i, n := range h.Counts {
		low, edge := max(h.Buckets[i], 0), h.Buckets[i+1]
		count += n
		if math.IsInf(edge, 1) {
			sum += float64(n) * low
			break
		}
		sum += float64(n) * (low + edge) / 2
		if edge >= minEdge && edge <= maxEdge && edge >= last*minRatio {
			buckets[edge], last = count, edge
		}
	}
	return buckets, count, sum
}
