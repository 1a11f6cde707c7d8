package main

import (
	"context"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// The servers, by their names in the report.
const (
	coder     = "coder"
	frames    = "frames"
	verbatim  = "verbatim"
	withRedis = "verbatim with Redis"
)

// row is one kind of work.
type row struct {
	title   string
	about   string
	runs    []*trial
	targets []target
	redis   bool // it needs redis-server

	// mirrored: each round makes the runs forwards and backwards, so many times, so that a machine that becomes slower or
	// faster meanwhile does so for all of them. Each time forwards, or backwards, counts as a round of its own. 0: once forwards.
	mirrored int
	rounds   int   // at most so many; 0: all
	growth   *axis // not nil: the runs are the points of a plot
}

// trial is one run of a row. What it measured in each round is added to it.
type trial struct {
	name string
	do   work
	x    float64 // its place on the row's axis

	measured []*figures.Figures // nil: it failed in that round
	failures []string
	took     time.Duration // the last time
}

// work is what a trial does in each round. data is an empty folder, removed afterwards.
type work func(ctx context.Context, b *bench, data string) (*figures.Figures, error)

// generated is a fresh server that the generator drives with these flags.
func generated(server, flags string) work {
	return func(ctx context.Context, b *bench, data string) (*figures.Figures, error) {
		return b.drive(ctx, server, data, strings.Fields(flags), (*process).kill)
	}
}

// filled is the same on a server that was started anew after what fill put there.
func filled(fill, flags string) work {
	return func(ctx context.Context, b *bench, data string) (*figures.Figures, error) {
		if err := b.fill(ctx, data, fill); err != nil {
			return nil, err
		}
		return generated(verbatim, flags)(ctx, b, data)
	}
}

func one(name, flags string) []*trial { return named(name, generated(verbatim, flags)) }

func named(name string, do work) []*trial { return []*trial{{name: name, do: do}} }

// each runs the same work on several servers.
func each(flags string, servers ...string) (runs []*trial) {
	for _, s := range servers {
		runs = append(runs, &trial{name: s, do: generated(s, flags)})
	}
	return runs
}

// figure is one of the figures, and how it is written.
type figure struct {
	name, format, unit string
	of                 func(*figures.Figures) float64
}

var (
	cpu        = figure{"CPU of each delivery", "%.2f", "µs", func(f *figures.Figures) float64 { return f.CPUEach }}
	cpuMessage = figure{"CPU of each message", "%.1f", "µs", cpu.of}
	cpuConnect = figure{"CPU of each connect and join", "%.0f", "µs", cpu.of}
	cpuCrowd   = figure{"CPU of each join and leave", "%.0f", "µs", cpu.of}
	cores      = figure{"CPU in all", "%.3f", "cores", func(f *figures.Figures) float64 { return f.Cores }}
	messages   = figure{"messages a second", "%.0f", "/s", func(f *figures.Figures) float64 { return f.MessagesPerSecond }}
	entries    = figure{"entries a second", "%.0f", "/s", func(f *figures.Figures) float64 { return f.DeliveriesPerSecond }}
	p50        = figure{"p50 of latency", "%.2f", "ms", func(f *figures.Figures) float64 { return f.P50 }}
	p90        = figure{"p90 of latency", "%.2f", "ms", func(f *figures.Figures) float64 { return f.P90 }}
	p99        = figure{"p99 of latency", "%.1f", "ms", func(f *figures.Figures) float64 { return f.P99 }}
	p999       = figure{"p99.9 of latency", "%.1f", "ms", func(f *figures.Figures) float64 { return f.P999 }}
	memory     = figure{"RSS of each connection", "%.1f", "kB", func(f *figures.Figures) float64 { return f.RSSEach }}
	growth     = figure{"RSS at most above what it was", "%.1f", "MB", func(f *figures.Figures) float64 { return f.Growth / 1024 }}
	connect    = figure{"time until all have joined", "%.2f", "s", func(f *figures.Figures) float64 { return f.Connect }}
	mallocs    = figure{"heap objects for each delivery", "%.3f", "", func(f *figures.Figures) float64 { return f.MallocsEach }}
	lag        = figure{"Go's scheduling latency, p99.9", "%.2f", "ms", func(f *figures.Figures) float64 { return f.Lag }}
	starting   = figure{"from exec to listening", "%.2f", "s", func(f *figures.Figures) float64 { return f.Start }}
	firstPage  = figure{"the first page of conversations after it", "%.1f", "ms", func(f *figures.Figures) float64 { return f.Page }}
	inJournal  = figure{"in the journal at the kill", "%.0f", "MB", func(f *figures.Figures) float64 { return f.Journal }}
	back       = figure{"from listening until the last socket has all", "%.2f", "s", func(f *figures.Figures) float64 { return f.Back }}
	halfBack   = figure{"the same for half of the sockets", "%.2f", "s", func(f *figures.Figures) float64 { return f.Half }}
	lost       = figure{"entries lost, doubled or out of order", "%.0f", "", func(f *figures.Figures) float64 { return float64(f.Lost) }}
	peak       = figure{"of the sockets within one second, at most", "%.1f", "%", func(f *figures.Figures) float64 { return f.Peak }}
	burst      = figure{"until all are answered", "%.1f", "ms", func(f *figures.Figures) float64 { return f.Burst }}
	request    = figure{"the same by request", "%.3f", "ms", func(f *figures.Figures) float64 { return f.Request }}
	fromRedis  = figure{"of the reads Redis answered", "%.0f", "%", func(f *figures.Figures) float64 { return f.Redis }}
)
