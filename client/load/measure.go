package load

import (
	"context"
	"time"
)

// measure publishes for the warm and the measured time, and counts what comes in the latter.
func (r *run) measure(ctx context.Context) *Report {
	from := r.now() + int64(r.o.Warmup)
	to := from + int64(r.o.Duration)
	r.from.Store(from)
	r.to.Store(to)
	late := make(chan int64, 1)
	go func() { late <- r.publish(ctx, r.start.Add(time.Duration(to))) }() // Run's; ends with ctx, or at `to`
	r.say("warming up for %v", r.o.Warmup)
	pauseUntil(ctx, r.start.Add(time.Duration(from)))

	report := &Report{run: r, sum: newCounts()}
	discarded := newCounts()
	r.gather(&discarded)
	began := r.now()
	own, server := ownCPU(), cpuOf(r.o.PID)
	for second := 1; r.now() < to && ctx.Err() == nil; second++ {
		pauseUntil(ctx, r.start.Add(time.Duration(min(from+int64(second)*int64(time.Second), to))))
		report.second(r.now() - began)
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

// gather moves what all shards have counted into sum.
func (r *run) gather(sum *counts) {
	for i := range r.shards {
		r.shards[i].take(sum)
	}
}

// second takes one point of the course, which ends now, at ns since the measuring began.
func (p *Report) second(at int64) {
	c := newCounts()
	p.run.gather(&c)
	p.sum.add(&c)
	since := 0.0
	if n := len(p.Points); n > 0 {
		since = p.Points[n-1].At
	}
	point := Point{At: float64(at) / 1e9, Latency: latencyOf(c.deliver)}
	if length := point.At - since; length > 0 {
		point.Messages, point.Deliveries = float64(c.acks)/length, float64(c.deliveries)/length
	}
	p.Points = append(p.Points, point)
	p.run.say("%3.0f s  %s messages/s  %s deliveries/s  p50 %s  p99 %s  %d wrong", point.At, short(point.Messages),
		short(point.Deliveries), milli(point.Latency.P50), milli(point.Latency.P99), p.run.faults.count())
}

// finish adds what came after the measured time to the latencies, and what only the end can tell.
func (r *run) finish(p *Report) {
	r.gather(&p.sum)
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
		p.PutOff += s.Retried
		p.Checked += m.got.Load()
		p.Sent += uint64(m.sent)
		p.Acked += uint64(m.acked)
	}
	p.Violations = r.faults.all()
	if r.tell != nil {
		r.tell("") // leave no trace
	}
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }
