package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The line plots' measures, in pixels.
const (
	lineWidth, lineHeight = 700, 340
	lineLeft, lineRight   = 60, 680
	lineTop, lineBottom   = 50, 290
)

// plotGrowth draws what a delivery costs over the row's axis, which is logarithmic: the median, with a whisker from the
// least to the most.
func (r *row) plotGrowth() string {
	most, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, t := range r.runs {
		if v, ok := t.over(cpu.of); ok {
			most = max(most, v.most)
		}
		low, high = min(low, math.Log10(t.x)), max(high, math.Log10(t.x))
	}
	step := niceStep(max(most, 1e-9) / 5)
	most = math.Ceil(max(most, 1e-9)/step) * step
	x := func(v float64) float64 { return lineLeft + 20 + (lineRight-lineLeft-40)*(math.Log10(v)-low)/(high-low) }
	y := func(v float64) float64 { return lineBottom - (lineBottom-lineTop)*v/most }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", lineWidth, lineHeight)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="20" y="24" font-size="14">CPU of the server for each delivery, µs</text>`+"\n")
	for v := 0.0; v <= most*1.001; v += step {
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#e2e8f0"/><text x="%d" y="%.1f" text-anchor="end">%.4g</text>`+"\n", lineLeft, y(v), lineRight, y(v), lineLeft-6, y(v)+4, v)
	}
	var path []string
	for _, t := range r.runs {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(t.x), lineBottom+16, html.EscapeString(t.name))
		v, ok := t.over(cpu.of)
		if !ok {
			continue
		}
		path = append(path, fmt.Sprintf("%.1f,%.1f", x(t.x), y(v.median)))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="black"/><circle cx="%.1f" cy="%.1f" r="3" fill="#1d4ed8"/>`, x(t.x), y(v.least), x(t.x), y(v.most), x(t.x), y(v.median))
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%.3g</text>`+"\n", x(t.x), y(v.most)-7, v.median)
	}
	fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="#1d4ed8" stroke-width="2"/>`+"\n", strings.Join(path, " "))
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n</svg>\n", (lineLeft+lineRight)/2, lineHeight-14, html.EscapeString(r.growth.label))
	return b.String()
}
