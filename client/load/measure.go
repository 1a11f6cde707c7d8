package load

import (
	"context"
	"time"
)

// measure publishes during the warm-up and the measured time, and reports what came in the latter.
func (r *run) measure(ctx context.Context) *Report {
	from := r.now() + int64(r.o.Warmup)
	to := from + int64(r.o.Duration)
	r.from.Store(from)
	r.to.Store(to)
	late := make(chan int64, 1)
	go func() { // measure's, which waits for it below; ends with ctx, or at `to`
		late <- r.publish(ctx, r.start.Add(time.Duration(to)))
	}()
	r.show("warming up for %v", r.o.Warmup)
	pauseUntil(ctx, r.start.Add(time.Duration(from)))

	report := &Report{sum: newCounts()}
	discarded := newCounts()
	r.collect(&discarded)
	began := r.now()
	own, server := ownCPU(), cpuOf(r.o.PID)
	for second := 1; r.now() < to && ctx.Err() == nil; second++ {
		pauseUntil(ctx, r.start.Add(time.Duration(min(from+int64(second)*int64(time.Second), to))))
		r.addPoint(report, r.now()-began)
	}
	if ctx.Err() != nil {
		r.to.Store(r.now())
	}

	spent := time.Duration(r.now() - began)
	report.Seconds = spent.Seconds()
	if n := report.sum.deliveries; n > 0 {
		report.GeneratorCPU = micros(ownCPU()-own) / float64(n)
		if r.o.PID != 0 {
			report.ServerCPU = micros(cpuOf(r.o.PID)-server) / float64(n)
		}
	}
	report.GeneratorCores = (ownCPU() - own).Seconds() / spent.Seconds()
	report.Messages, report.Deliveries = report.sum.acks, report.sum.deliveries
	report.MessagesASecond = float64(report.sum.acks) / spent.Seconds()
	report.DeliveriesASecond = float64(report.sum.deliveries) / spent.Seconds()
	report.Late = <-late
	return report
}

// collect moves what all shards have counted into sum.
func (r *run) collect(sum *counts) {
	for i := range r.shards {
		r.shards[i].take(sum)
	}
}

// addPoint adds the point of the second that ends now, at ns since the measured time began.
func (r *run) addPoint(p *Report, at int64) {
	c := newCounts()
	r.collect(&c)
	p.sum.add(&c)
	last := 0.0
	if n := len(p.Points); n > 0 {
		last = p.Points[n-1].At
	}
	point := Point{At: float64(at) / 1e9, Latency: latencyOf(c.deliver)}
	if length := point.At - last; length > 0 {
		point.Messages, point.Deliveries = float64(c.acks)/length, float64(c.deliveries)/length
	}
	p.Points = append(p.Points, point)
	r.show("%3.0f s  %s messages/s  %s deliveries/s  p50 %s  p99 %s  %d wrong", point.At, formatRate(point.Messages),
		formatRate(point.Deliveries), formatMillis(point.Latency.P50), formatMillis(point.Latency.P99),
		r.violations.count())
}

// finish adds the latencies of what came after the measured time, and the totals.
func (r *run) finish(p *Report) {
	r.collect(&p.sum)
	p.SendToAck, p.PublishToDeliver = latencyOf(p.sum.ack), latencyOf(p.sum.deliver)
	p.URL, p.Seed, p.Sockets = r.o.URL, r.o.Seed, len(r.members)
	p.Conversations, p.Members, p.Publishers = r.o.Conversations, r.o.Members, r.o.Publishers
	p.Size, p.Rate = r.o.Size, r.o.Rate
	if r.o.Rate == 0 {
		p.Window = r.o.Window
	}
	for _, m := range r.members {
		s := m.client.Stats()
		p.Reconnects += s.Reconnects
		p.Retried += s.Retried
		p.Checked += m.got.Load()
		p.Sent += uint64(m.sent)
		p.Acked += uint64(m.acked)
	}
	p.Violations = r.violations.all()
	if r.display != nil {
		r.display("") // clears the line of progress
	}
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }
