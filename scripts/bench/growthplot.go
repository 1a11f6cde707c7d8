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

// plotGrowth draws what a delivery costs over a row's axis, which is logarithmic: the median, with a whisker from the
// least to the most.
func plotGrowth(r *row) string {
	most := 0.0
	low, high := math.Inf(1), math.Inf(-1)
	for _, t := range r.runs {
		if v, ok := t.over(cpu.of); ok {
			most = max(most, v.most)
		}
		low, high = min(low, math.Log10(t.x)), max(high, math.Log10(t.x))
	}
	step := niceStep(max(most, 1e-9) / 5)
	most = math.Ceil(max(most, 1e-9)/step) * step
	x := func(v float64) float64 {
		return lineLeft + 20 + (lineRight-lineLeft-40)*(math.Log10(v)-low)/(high-low)
	}
	y := func(v float64) float64 { return lineBottom - (lineBottom-lineTop)*v/most }

	var b strings.Builder
	openSVG(&b, lineWidth, lineHeight, "CPU of the server for each delivery, µs")
	for v := 0.0; v <= most*1.001; v += step {
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#e2e8f0"/>`, lineLeft, y(v), lineRight, y(v))
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%.4g</text>`+"\n", lineLeft-6, y(v)+4, v)
	}
	var path []string
	for _, t := range r.runs {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x(t.x), lineBottom+16, html.EscapeString(t.name))
		v, ok := t.over(cpu.of)
		if !ok {
			continue
		}
		path = append(path, fmt.Sprintf("%.1f,%.1f", x(t.x), y(v.median)))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="black"/>`,
			x(t.x), y(v.least), x(t.x), y(v.most))
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="#1d4ed8"/>`, x(t.x), y(v.median))
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%.3g</text>`+"\n", x(t.x), y(v.most)-7, v.median)
	}
	fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="#1d4ed8" stroke-width="2"/>`+"\n",
		strings.Join(path, " "))
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n</svg>\n",
		(lineLeft+lineRight)/2, lineHeight-14, html.EscapeString(r.growth.label))
	return b.String()
}
