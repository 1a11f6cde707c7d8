package main

import (
	"fmt"
	"slices"

	"verbatim/scripts/bench/figures"
)

// figure is one of the figures, and how it is written.
type figure struct {
	name, format, unit string
	of                 func(*figures.Figures) float64
}

var (
	cpu = figure{"CPU of each delivery", "%.2f", "µs",
		func(f *figures.Figures) float64 { return f.CPUEach }}
	cpuMessage = figure{"CPU of each message", "%.1f", "µs", cpu.of}
	cpuConnect = figure{"CPU of each connect and join", "%.0f", "µs", cpu.of}
	cpuCrowd   = figure{"CPU of each join and leave", "%.0f", "µs", cpu.of}
	cores      = figure{"CPU in all", "%.3f", "cores", func(f *figures.Figures) float64 { return f.Cores }}
	messages   = figure{"messages a second", "%.0f", "/s",
		func(f *figures.Figures) float64 { return f.MessagesPerSecond }}
	entries = figure{"entries a second", "%.0f", "/s",
		func(f *figures.Figures) float64 { return f.DeliveriesPerSecond }}
	p50    = figure{"p50 of latency", "%.2f", "ms", func(f *figures.Figures) float64 { return f.P50 }}
	p90    = figure{"p90 of latency", "%.2f", "ms", func(f *figures.Figures) float64 { return f.P90 }}
	p99    = figure{"p99 of latency", "%.1f", "ms", func(f *figures.Figures) float64 { return f.P99 }}
	p999   = figure{"p99.9 of latency", "%.1f", "ms", func(f *figures.Figures) float64 { return f.P999 }}
	memory = figure{"RSS of each connection", "%.1f", "kB",
		func(f *figures.Figures) float64 { return f.RSSEach }}
	connect = figure{"time until all have joined", "%.2f", "s",
		func(f *figures.Figures) float64 { return f.Connect }}
	mallocs = figure{"heap objects for each delivery", "%.3f", "",
		func(f *figures.Figures) float64 { return f.MallocsEach }}
	lag = figure{"Go's scheduling latency, p99.9", "%.2f", "ms",
		func(f *figures.Figures) float64 { return f.Lag }}
	starting = figure{"from exec to listening", "%.2f", "s",
		func(f *figures.Figures) float64 { return f.Start }}
	inJournal = figure{"in the journal at the kill", "%.0f", "MB",
		func(f *figures.Figures) float64 { return f.Journal }}
	halfBack = figure{"the same for half of the sockets", "%.2f", "s",
		func(f *figures.Figures) float64 { return f.Half }}
	burst = figure{"until all are answered", "%.1f", "ms",
		func(f *figures.Figures) float64 { return f.Burst }}
	request = figure{"the same by request", "%.3f", "ms",
		func(f *figures.Figures) float64 { return f.Request }}
	fromRedis = figure{"of the reads Redis answered", "%.0f", "%",
		func(f *figures.Figures) float64 { return f.Redis }}
	growth = figure{"RSS at most above what it was", "%.1f", "MB",
		func(f *figures.Figures) float64 { return f.Growth / 1024 }}
	firstPage = figure{"the first page of conversations after it", "%.1f", "ms",
		func(f *figures.Figures) float64 { return f.Page }}
	back = figure{"from listening until the last socket has all", "%.2f", "s",
		func(f *figures.Figures) float64 { return f.Back }}
	lost = figure{"entries lost, doubled or out of order", "%.0f", "",
		func(f *figures.Figures) float64 { return float64(f.Lost) }}
	peak = figure{"of the sockets within one second, at most", "%.1f", "%",
		func(f *figures.Figures) float64 { return f.Peak }}
)

// spread is a figure over the rounds.
type spread struct{ least, median, most float64 }

// spreadOf returns the spread of some values, which it sorts; ok is false if there are none.
func spreadOf(values []float64) (s spread, ok bool) {
	if len(values) == 0 {
		return s, false
	}
	slices.Sort(values)
	n := len(values)
	return spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}, true
}

// grouped writes a number with commas between its thousands.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
