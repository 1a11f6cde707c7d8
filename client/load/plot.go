package load

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"strings"
	"text/template"
)

//go:embed plot.svg.tmpl
var plotSVG string

// plotTemplate draws two panels, one above the other. Its data are numbers and fixed texts, so nothing needs escaping.
var plotTemplate = template.Must(template.New("plot").Parse(plotSVG))

// Sizes, in pixels.
const (
	plotWidth   = 900.0
	panelLeft   = 70.0
	panelRight  = 780.0
	panelHeight = 200.0
	panelTop    = 60.0
	panelGap    = 50.0
)

type panel struct {
	Title  string
	Top    float64
	Bottom float64
	Ticks  []tick
	Lines  []curve
}

type tick struct {
	At   float64
	Text string
}

type curve struct {
	Name, Color, Points string
	LabelAt             float64
}

// WritePlot draws throughput and latency over time as SVG.
func (p *Report) WritePlot(w io.Writer) error {
	length := 1.0
	for _, q := range p.Points {
		length = max(length, q.At)
	}
	length = math.Ceil(length - 0.01)
	x := func(at float64) float64 { return panelLeft + (panelRight-panelLeft)*at/length }
	var seconds []tick
	for step, at := niceStep(length/8), 0.0; at <= length; at += step {
		seconds = append(seconds, tick{x(at), fmt.Sprintf("%g s", at)})
	}
	throughput := p.panel(x, "deliveries a second", panelTop, linear, []series{
		{"deliveries/s", "#2563eb", func(q *Point) float64 { return q.Deliveries }},
	})
	latency := p.panel(x, "publish to deliver, ms (logarithmic)", panelTop+panelHeight+panelGap, logarithmic, []series{
		{"p50", "#16a34a", func(q *Point) float64 { return q.Latency.P50 }},
		{"p90", "#ca8a04", func(q *Point) float64 { return q.Latency.P90 }},
		{"p99", "#ea580c", func(q *Point) float64 { return q.Latency.P99 }},
		{"p99.9", "#dc2626", func(q *Point) float64 { return q.Latency.P999 }},
		{"max", "#7f1d1d", func(q *Point) float64 { return q.Latency.Max }},
	})
	title := fmt.Sprintf("verbatim load: %d × %d sockets, %d publishers in each, %s, %d bytes",
		p.Conversations, p.Members, p.Publishers, p.loop(), p.Size)
	return plotTemplate.Execute(w, map[string]any{
		"Width": plotWidth, "Height": panelTop + 2*panelHeight + panelGap + 40,
		"Left": panelLeft, "Right": panelRight,
		"Title": title, "Seconds": seconds, "Panels": []panel{throughput, latency},
	})
}

type series struct {
	name, color string
	value       func(*Point) float64
}

// scale returns where a value is between 0 (bottom) and 1 (top), and the values that get a tick.
type scale func(smallest, greatest float64) (position func(float64) float64, ticks []float64)

func linear(_, greatest float64) (func(float64) float64, []float64) {
	step := niceStep(greatest / 5)
	top := math.Ceil(greatest/step) * step
	var ticks []float64
	for at := 0.0; at <= top*1.001; at += step {
		ticks = append(ticks, at)
	}
	return func(v float64) float64 { return v / top }, ticks
}

func logarithmic(smallest, greatest float64) (func(float64) float64, []float64) {
	low, high := math.Floor(math.Log10(smallest)), math.Ceil(math.Log10(greatest))
	if high <= low {
		high = low + 1
	}
	floor := math.Pow(10, low)
	var ticks []float64
	for e := low; e <= high; e++ {
		ticks = append(ticks, math.Pow(10, e))
	}
	return func(v float64) float64 { return (math.Log10(max(v, floor)) - low) / (high - low) }, ticks
}

// panel draws the series of all points. A line leaves out a second in which its value is 0.
func (p *Report) panel(x func(float64) float64, title string, top float64, s scale, all []series) panel {
	smallest, greatest := math.Inf(1), 0.0
	for i := range p.Points {
		for _, one := range all {
			if v := one.value(&p.Points[i]); v > 0 {
				smallest, greatest = min(smallest, v), max(greatest, v)
			}
		}
	}
	if greatest == 0 {
		smallest, greatest = 1, 1
	}
	position, ticks := s(smallest, greatest)
	y := func(v float64) float64 { return top + panelHeight*(1-position(v)) }
	drawn := panel{Title: title, Top: top, Bottom: top + panelHeight}
	for _, t := range ticks {
		drawn.Ticks = append(drawn.Ticks, tick{y(t), axis(t)})
	}
	below := math.Inf(-1)
	for i := len(all) - 1; i >= 0; i-- { // the greatest first, so that the labels do not overlap
		one := all[i]
		var points []string
		label := top
		for j := range p.Points {
			q := &p.Points[j]
			if v := one.value(q); v > 0 {
				label = y(v)
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(q.At), label))
			}
		}
		label = max(label, below+14)
		below = label
		drawn.Lines = append(drawn.Lines, curve{one.name, one.color, strings.Join(points, " "), label + 4})
	}
	return drawn
}

// niceStep returns 1, 2 or 5 times a power of ten, at least n.
func niceStep(n float64) float64 {
	if !(n > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(n)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= n {
			return f * power
		}
	}
	return 10 * power
}

// axis formats the value of a tick.
func axis(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%gk", v/1e3)
	default:
		return fmt.Sprintf("%.4g", v)
	}
}
