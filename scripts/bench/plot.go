package main

import (
	"fmt"
	"html"
	"math"
	"strings"

	"verbatim/scripts/bench/figures"
)

// The drawing's measures, in pixels.
const (
	plotWidth = 900
	plotLeft  = 340
	plotRight = 840
	barHeight = 14
	groupGap  = 14
	plotTop   = 70
)

// series is the bars of one color.
type series struct{ name, color string }

// group is the bars of one work, one of each series; a value whose ok is false is left out.
type group struct {
	title  string
	values []spread
	ok     []bool
	mark   float64 // a line across: the target; 0: none
}

var servers = []series{{coder, "#94a3b8"}, {frames, "#38bdf8"}, {verbatim, "#1d4ed8"}}

func plotCPU(rows []*row) string {
	return draw("CPU of the server for each delivery, µs", servers, ofServers(rows, cpu, cpu.of))
}

func plotLatency(rows []*row) string {
	return draw("From publish to delivery, p99, ms", servers, ofServers(rows, cpu, p99.of))
}

// ofServers returns a figure of the rows that have baselines and whose first target is of the targeted figure.
func ofServers(rows []*row, targeted figure, of func(*figures.Figures) float64) (groups []group) {
	for _, r := range rows {
		if r.trial(coder) == nil || r.targets[0].figure.name != targeted.name {
			continue
		}
		g := group{title: r.title}
		for _, s := range servers {
			v, ok := r.trial(s.name).over(of)
			g.values, g.ok = append(g.values, v), append(g.ok, ok)
		}
		groups = append(groups, g)
	}
	return groups
}

func plotRatios(rows []*row) string {
	var groups []group
	for _, r := range rows {
		for _, target := range r.targets {
			if target.how != ratio || target.against != coder {
				continue
			}
			figure := strings.TrimSuffix(target.figure.name, " of each delivery")
			g := group{title: r.title + ": " + figure, mark: target.limit}
			for _, against := range []string{coder, frames} {
				s, ok := r.over(target, against)
				g.values, g.ok = append(g.values, s), append(g.ok, ok)
			}
			groups = append(groups, g)
		}
	}
	return draw("Verbatim's figure as a multiple of the baseline's; the red line is the target, against coder",
		[]series{{"against coder", "#1d4ed8"}, {"against frames", "#38bdf8"}}, groups)
}

// draw draws groups of lying bars, the median, with a whisker from the least to the most.
func draw(title string, all []series, groups []group) string {
	most := 0.0
	for _, g := range groups {
		for _, v := range g.values {
			most = max(most, v.most, g.mark)
		}
	}
	step := niceStep(max(most, 1e-9) / 6)
	most = math.Ceil(max(most, 1e-9)/step) * step
	x := func(v float64) float64 { return plotLeft + (plotRight-plotLeft)*v/most }
	each := len(all)*barHeight + groupGap
	bottom := plotTop + len(groups)*each

	var b strings.Builder
	openSVG(&b, plotWidth, bottom+30, title)
	for i, s := range all {
		left := plotLeft + i*130
		fmt.Fprintf(&b, `<rect x="%d" y="36" width="10" height="10" fill="%s"/>`, left, s.color)
		fmt.Fprintf(&b, `<text x="%d" y="45">%s</text>`+"\n", left+15, s.name)
	}
	for v := 0.0; v <= most*1.001; v += step {
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#e2e8f0"/>`, x(v), plotTop-8, x(v), bottom)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%.4g</text>`+"\n", x(v), bottom+16, v)
	}
	for i, g := range groups {
		g.draw(&b, all, plotTop+i*each, x)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// draw draws the group's bars from a height downwards; x is where a value is.
func (g group) draw(b *strings.Builder, all []series, top int, x func(float64) float64) {
	height := len(all) * barHeight
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n",
		plotLeft-10, top+height/2+4, html.EscapeString(g.title))
	for j, v := range g.values {
		if !g.ok[j] {
			continue
		}
		y := float64(top + j*barHeight)
		fmt.Fprintf(b, `<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>`,
			plotLeft, y, x(v.median)-plotLeft, barHeight-3, all[j].color)
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="black"/>`,
			x(v.least), y+5.5, x(v.most), y+5.5)
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f">%.3g</text>`+"\n", x(v.most)+5, y+9.5, v.median)
	}
	if g.mark > 0 {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dc2626" stroke-width="2"/>`+"\n",
			x(g.mark), top-3, x(g.mark), top+height)
	}
}

// openSVG begins a picture of so many pixels, white, with a title.
func openSVG(b *strings.Builder, width, height int, title string) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `, width, height)
	fmt.Fprintf(b, `font-family="sans-serif" font-size="11">`+"\n")
	fmt.Fprintf(b, `<rect width="100%%" height="100%%" fill="white"/>`)
	fmt.Fprintf(b, `<text x="20" y="24" font-size="14">%s</text>`+"\n", html.EscapeString(title))
}

// niceStep returns the first of 1, 2 and 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*power {
			return m * power
		}
	}
	return 10 * power
}
