package main

import (
	"fmt"
	"strings"

	"verbatim/scripts/bench/figures"
)

// writeTargets writes the table of all targets: how many are met, and each one's figure.
func writeTargets(b *strings.Builder, rows []*row) {
	var lines strings.Builder
	met, all := 0, 0
	for _, r := range rows {
		for _, t := range r.targets {
			s, ok := r.over(t, t.against)
			word := t.word(s, ok)
			if !t.shown {
				all++
			}
			if word == "met" {
				met++
			}
			beside := ""
			if t.against == coder {
				beside = t.written(r.over(t, frames))
			}
			of := ""
			if t.of != verbatim {
				of = ", " + t.of
			}
			fmt.Fprintf(&lines, "| %s | %s%s | %s | %s | %s | %s |\n",
				r.title, t.name(), of, t.written(s, ok), t, word, beside)
		}
	}
	if all == 0 {
		return
	}
	fmt.Fprintf(b, "## All targets\n\n**%d of %d are met.** The median of the rounds, least and most in brackets. "+
		"A row without a target is there to be compared with.\n\n"+
		"| work | figure | measured | target | | the same against frames |\n|---|---|---|---|---|---|\n%s",
		met, all, &lines)
}

// columns are what the table of all runs shows of each.
var columns = []figure{
	{name: "CPU µs each", format: "%.2f", of: cpu.of},
	{name: "cores", format: "%.2f", of: cores.of},
	{name: "deliveries/s", format: "%.0f", of: entries.of},
	{name: "messages/s", format: "%.0f", of: messages.of},
	{name: "p50 ms", format: "%.2f", of: p50.of},
	{name: "p90 ms", format: "%.2f", of: p90.of},
	{name: "p99 ms", format: "%.2f", of: p99.of},
	{name: "p99.9 ms", format: "%.1f", of: p999.of},
	{name: "heap objects each", format: "%.3f", of: mallocs.of},
	{name: "scheduling p99.9 ms", format: "%.2f", of: lag.of},
	{name: "RSS MB", format: "%.1f", of: func(f *figures.Figures) float64 { return f.RSS / 1024 }},
	{name: "kB each", format: "%.1f", of: memory.of},
	{name: "generator µs each", format: "%.2f", of: func(f *figures.Figures) float64 { return f.GeneratorEach }},
}

// writeRuns writes the medians of every run that the generator drove.
func writeRuns(b *strings.Builder, rows []*row) {
	var names strings.Builder
	for _, c := range columns {
		names.WriteString(" " + c.name + " |")
	}
	header := fmt.Sprintf("\n## What was measured\n\nMedians over the rounds; they hold for this machine alone. "+
		"CPU is by the row's own work: a delivery, a connection, a message. Lost is the most in any round.\n\n"+
		"| work | server |%s lost |\n|---|---|%s---|\n", &names, strings.Repeat("---|", len(columns)))
	for _, r := range rows {
		for _, one := range r.runs {
			if v, ok := one.over(cpu.of); !ok || v.most == 0 || r.growth != nil {
				continue
			}
			b.WriteString(header)
			header = ""
			fmt.Fprintf(b, "| %s | %s |", r.title, one.name)
			for _, c := range columns {
				fmt.Fprintf(b, " %s |", one.cell(c))
			}
			missing := ""
			if v, ok := one.over(lost.of); ok && v.most > 0 {
				missing = fmt.Sprintf("%.0f", v.most)
			}
			fmt.Fprintf(b, " %s |\n", missing)
		}
	}
}

// cell returns a figure's median, or "" if it was not measured.
func (one *trial) cell(f figure) string {
	s, ok := one.over(f.of)
	switch {
	case !ok || s.most == 0 && s.least == 0:
		return ""
	case s.median >= 10_000:
		return grouped(int(s.median))
	}
	return fmt.Sprintf(f.format, s.median)
}

// writeGrowths writes a plot and a table for each thing that grows.
func writeGrowths(b *strings.Builder, rows []*row, plots bool) {
	header := "\n## What a delivery costs when something grows\n"
	for _, r := range rows {
		if r.growth == nil {
			continue
		}
		fmt.Fprintf(b, "%s\n### %s\n\n%s. %s\n\n", header, r.growth.label, r.about, r.growth.says)
		header = ""
		if plots {
			fmt.Fprintf(b, "![%s](plots/growth-%s.svg)\n\n", r.growth.label, r.growth.name)
		}
		fmt.Fprintf(b, "| %s | CPU of each delivery, µs | deliveries/s | p50 ms | p99 ms | CPU of each message, µs |\n"+
			"|---|---|---|---|---|---|\n", r.growth.label)
		for _, t := range r.runs {
			s, ok := t.over(cpu.of)
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", t.name, target{figure: cpu}.written(s, ok),
				t.cell(columns[2]), t.cell(p50), t.cell(p99), t.cell(figure{format: "%.1f", of: perMessage}))
		}
	}
}

func perMessage(f *figures.Figures) float64 {
	return f.CPUEach * f.DeliveriesPerSecond / f.MessagesPerSecond
}
