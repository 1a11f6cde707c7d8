package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is what a load test found. Rates and CPU are of the measured time; latencies of the messages that were due in
// it; what was checked is everything.
type Report struct {
	URL           string  `json:"url"`
	Seed          uint64  `json:"seed"`
	Conversations int     `json:"conversations"`
	Members       int     `json:"members"`
	Publishers    int     `json:"publishers"`
	Sockets       int     `json:"sockets"`
	Size          int     `json:"size"`
	Window        int     `json:"window,omitempty"`
	Rate          float64 `json:"rate,omitempty"`
	Warning       string  `json:"warning,omitempty"`

	Seconds           float64 `json:"seconds"`
	Messages          int64   `json:"messages"`
	Deliveries        int64   `json:"deliveries"`
	MessagesASecond   float64 `json:"messages_s"`
	DeliveriesASecond float64 `json:"deliveries_s"`
	SendToAck         Latency `json:"send_to_ack_ms"`
	PublishToDeliver  Latency `json:"publish_to_deliver_ms"`
	GeneratorCPU      float64 `json:"generator_us_per_delivery"`
	GeneratorCores    float64 `json:"generator_cores"`
	ServerCPU         float64 `json:"server_us_per_delivery,omitempty"`
	Late              int64   `json:"late,omitempty"` // of an open loop: due, and not sent by the end

	Sent       uint64      `json:"sent"`
	Acked      uint64      `json:"acked"`
	Checked    uint64      `json:"checked"`
	Reconnects uint64      `json:"reconnects"`
	PutOff     uint64      `json:"put_off"` // `unavailable` answers, after which was sent again
	Violations []Violation `json:"violations"`
	Points     []Point     `json:"points"`

	run *run
	sum counts
}

// Latency is in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Point is one second of the course.
type Point struct {
	At         float64 `json:"at"` // its end, in seconds since the measuring began
	Messages   float64 `json:"messages_s"`
	Deliveries float64 `json:"deliveries_s"`
	Latency    Latency `json:"publish_to_deliver_ms"`
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	if h.TotalCount() == 0 {
		return Latency{}
	}
	at := func(percent float64) float64 {
		return float64(h.ValueAtPercentile(percent)) / float64(time.Millisecond)
	}
	return Latency{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / float64(time.Millisecond)}
}

// Err says what was wrong, a line for each kind; nil: nothing was.
func (p *Report) Err() error {
	if len(p.Violations) == 0 {
		return nil
	}
	var kinds []string
	for _, v := range p.Violations {
		kinds = append(kinds, fmt.Sprintf("%s: %d", v.Kind, v.Count))
	}
	return errors.New("load: the server broke its promises: " + strings.Join(kinds, ", "))
}

// WriteJSON prints the report as one object.
func (p *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// WriteText prints the report for a person.
func (p *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%d × %d sockets, %d publishers in each, %s, %d bytes of text, %.1f s (--seed %d)",
		p.Conversations, p.Members, p.Publishers, p.pace(), p.Size, p.Seconds, p.Seed)
	if p.Warning != "" {
		line("beware              %s", p.Warning)
	}
	if p.Publishers > 0 {
		p.writeFigures(line)
	}
	line("reconnects          %d; sends put off and sent again: %d", p.Reconnects, p.PutOff)
	line("checked             %d sent, %d acknowledged, %d deliveries: %s", p.Sent, p.Acked, p.Checked, p.verdict())
	for _, v := range p.Violations {
		line("%s", v)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Report) writeFigures(line func(string, ...any)) {
	line("throughput          %s messages/s, %s deliveries/s", short(p.MessagesASecond), short(p.DeliveriesASecond))
	line("                    %9s %9s %9s %9s %9s", "p50", "p90", "p99", "p99.9", "max")
	p.SendToAck.line(line, "send to ack")
	p.PublishToDeliver.line(line, "publish to deliver")
	if p.Late > 0 {
		line("late                %d messages were due and could not be sent by the end: the latencies are too good", p.Late)
	}
	line("generator's CPU     %.2f us a delivery, %.2f cores", p.GeneratorCPU, p.GeneratorCores)
	if p.ServerCPU > 0 {
		line("server's CPU        %.2f us a delivery", p.ServerCPU)
	}
}

func (p *Report) pace() string {
	if p.Publishers == 0 {
		return "idle"
	}
	if p.Rate > 0 {
		return fmt.Sprintf("%v messages/s", p.Rate)
	}
	return fmt.Sprintf("window %d", p.Window)
}

func (p *Report) verdict() string {
	if len(p.Violations) == 0 {
		return "nothing lost, doubled or out of order"
	}
	return "not well:"
}

func (l *Latency) line(line func(string, ...any), name string) {
	line("%-19s %9s %9s %9s %9s %9s", name, milli(l.P50), milli(l.P90), milli(l.P99), milli(l.P999), milli(l.Max))
}

// milli shows milliseconds with three digits or so.
func milli(ms float64) string {
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

// short shows a rate.
func short(n float64) string {
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

// Write prints the report as the options ask for it, and gives what was wrong.
func (p *Report) Write(stdout io.Writer, o *Options) error {
	if o.Plot != "" {
		if err := p.plotTo(o.Plot); err != nil {
			return err
		}
	}
	write := p.WriteText
	if o.JSON {
		write = p.WriteJSON
	}
	return errors.Join(write(stdout), p.Err())
}

func (p *Report) plotTo(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("load: --plot: %w", err)
	}
	return errors.Join(p.WritePlot(f), f.Close())
}
