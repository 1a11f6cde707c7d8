package metrics

import (
	"math"
	gometrics "runtime/metrics"
	"slices"
	"testing"
)

func TestTheLagsBucketsAreFineAndNothingIsLost(t *testing.T) {
	sample := []gometrics.Sample{{Name: schedLatencies}}
	gometrics.Read(sample)
	h := sample[0].Value.Float64Histogram()
	var all uint64
	for i := range h.Counts { // so that every bucket holds something
		h.Counts[i] = uint64(i + 1)
		all += h.Counts[i]
	}
	buckets, count, _ := merge(h)
	if count != all {
		t.Errorf("got %d waits, want %d", count, all)
	}
	var edges []float64
	for edge := range buckets {
		edges = append(edges, edge)
	}
	slices.Sort(edges)
	if edges[0] > 2*minEdge || edges[len(edges)-1] < 0.5 || len(edges) > 45 {
		t.Errorf("%d buckets from %v to %v", len(edges), edges[0], edges[len(edges)-1])
	}
	for i, edge := range edges[1:] {
		if edge > 2*edges[i] {
			t.Errorf("between %v and %v nothing is told minRatio", edges[i], edge)
		}
		if buckets[edge] <= buckets[edges[i]] {
			t.Errorf("up to %v: got %d, not more than up to %v", edge, buckets[edge], edges[i])
		}
	}
}

func TestAWaitStandsInItsBucket(t *testing.T) {
	h := &gometrics.Float64Histogram{
		Buckets: []float64{math.Inf(-1), 0, 1e-3, 1.1e-3, 2e-3, math.Inf(1)},
		Counts:  []uint64{0, 5, 2, 3, 1},
	}
	buckets, count, sum := merge(h)
	if len(buckets) != 2 || buckets[1e-3] != 5 || buckets[2e-3] != 10 || count != 11 {
		t.Errorf("got %v, %d in all", buckets, count)
	}
	if want := 5*0.5e-3 + 2*1.05e-3 + 3*1.55e-3 + 2e-3; math.Abs(sum-want) > 1e-9 {
		t.Errorf("sum: got %v, want %v", sum, want)
	}
}
