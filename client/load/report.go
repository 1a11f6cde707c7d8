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

// Report is what a load test found. Rates and CPU are those of the measured time; latencies those of the messages that
// were due in it. Everything that was sent was checked.
type Report struct {
	URL           string  `json:"url"`
	Seed          uint64  `json:"seed"`
	Conversations int     `json:"conversations"`
	Members       int     `json:"members"`    // of each conversation
	Publishers    int     `json:"publishers"` // of each conversation
	Sockets       int     `json:"sockets"`
	Size          int     `json:"size"`              // bytes of each text
	Window        int     `json:"window,omitempty"`  // of a closed loop
	Rate          float64 `json:"rate,omitempty"`    // messages a second of an open loop
	Warning       string  `json:"warning,omitempty"` // what may have limited the figures

	Seconds           float64 `json:"seconds"` // the measured time
	Messages          int64   `json:"messages"`
	Deliveries        int64   `json:"deliveries"`
	MessagesASecond   float64 `json:"messages_s"`
	DeliveriesASecond float64 `json:"deliveries_s"`
	SendToAck         Latency `json:"send_to_ack_ms"`
	PublishToDeliver  Latency `json:"publish_to_deliver_ms"`
	GeneratorCPU      float64 `json:"generator_us_per_delivery"`
	GeneratorCores    float64 `json:"generator_cores"`
	ServerCPU         float64 `json:"server_us_per_delivery,omitempty"` // if Options.PID is given
	Late              int64   `json:"late,omitempty"`                   // of an open loop: due, and not sent by the end

	Sent       uint64      `json:"sent"`    // messages
	Acked      uint64      `json:"acked"`   // messages
	Checked    uint64      `json:"checked"` // deliveries
	Reconnects uint64      `json:"reconnects"`
	Retried    uint64      `json:"put_off"`    // sends that the server could not take at first
	Violations []Violation `json:"violations"` // empty: the server kept its promises
	Points     []Point     `json:"points"`     // one for each second

	sum counts
}

// Latency is the percentiles of a latency, in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Point is one second of the measured time.
type Point struct {
	At         float64 `json:"at"` // its end, in seconds since the measured time began
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
	return Latency{
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / float64(time.Millisecond),
	}
}

// Err returns which kinds of violations there are, in one line, or nil if there is none.
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

// Write writes the report to stdout, and the plot to its file, as the options ask for. The error is that of writing, or
// p.Err().
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

// WriteJSON writes the report as one JSON object.
func (p *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// loop describes how the publishers send.
func (p *Report) loop() string {
	if p.Publishers == 0 {
		return "idle"
	}
	if p.Rate > 0 {
		return fmt.Sprintf("%v messages/s", p.Rate)
	}
	return fmt.Sprintf("window %d", p.Window)
}
