package load

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the report for a person.
func (p *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%d × %d sockets, %d publishers in each, %s, %d bytes of text, %.1f s (--seed %d)",
		p.Conversations, p.Members, p.Publishers, p.loop(), p.Size, p.Seconds, p.Seed)
	if p.Warning != "" {
		line("beware              %s", p.Warning)
	}
	if p.Publishers > 0 {
		p.writeFigures(line)
	}
	line("reconnects          %d; sends put off and sent again: %d", p.Reconnects, p.Retried)
	line("checked             %d sent, %d acknowledged, %d deliveries: %s", p.Sent, p.Acked, p.Checked, p.verdict())
	for _, v := range p.Violations {
		line("%s", v)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Report) writeFigures(line func(string, ...any)) {
	line("throughput          %s messages/s, %s deliveries/s",
		formatRate(p.MessagesASecond), formatRate(p.DeliveriesASecond))
	line("                    %9s %9s %9s %9s %9s", "p50", "p90", "p99", "p99.9", "max")
	p.SendToAck.write(line, "send to ack")
	p.PublishToDeliver.write(line, "publish to deliver")
	if p.Late > 0 {
		line("late                %d messages were due and could not be sent by the end: the latencies are too good",
			p.Late)
	}
	line("generator's CPU     %.2f us a delivery, %.2f cores", p.GeneratorCPU, p.GeneratorCores)
	if p.ServerCPU > 0 {
		line("server's CPU        %.2f us a delivery", p.ServerCPU)
	}
}

func (p *Report) verdict() string {
	if len(p.Violations) == 0 {
		return "nothing lost, doubled or out of order"
	}
	return "not well:"
}

func (l *Latency) write(line func(string, ...any), name string) {
	line("%-19s %9s %9s %9s %9s %9s", name,
		formatMillis(l.P50), formatMillis(l.P90), formatMillis(l.P99), formatMillis(l.P999), formatMillis(l.Max))
}

// formatMillis formats milliseconds with about three digits.
func formatMillis(ms float64) string {
	switch {
	case ms >= 10_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}

// formatRate formats a number of events a second with about three digits.
func formatRate(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.2f M", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.0f k", n/1e3)
	case n >= 100:
		return fmt.Sprintf("%.0f", n)
	default:
		return fmt.Sprintf("%.1f", n)
	}
}
