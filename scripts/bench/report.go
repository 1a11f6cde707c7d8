package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// report is what docs/reports/performance.md is made from.
type report struct {
	*options
	machine []string
	began   time.Time
	took    time.Duration
	rows    []*row
}

// write writes the report and its plots.
func (rep *report) write(docs string) error {
	if err := os.MkdirAll(filepath.Join(docs, "plots"), 0o755); err != nil {
		return err
	}
	files := map[string]string{
		filepath.Join(docs, "performance.md"):         rep.markdown(true),
		filepath.Join(docs, "plots", "cpu.svg"):       rep.plotCPU(),
		filepath.Join(docs, "plots", "ratios.svg"):    rep.plotRatios(),
		filepath.Join(docs, "plots", "latencies.svg"): rep.plotLatency(),
	}
	for _, r := range rep.rows {
		if r.growth != nil {
			files[filepath.Join(docs, "plots", "growth-"+r.growth.name+".svg")] = r.plotGrowth()
		}
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
		say("wrote %s", name)
	}
	return nil
}

func (rep *report) markdown(plots bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Performance\n\nWritten by `make bench` (scripts/bench), which anybody can run.\n\n")
	for _, line := range rep.machine {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	fmt.Fprintf(&b, "- %s, rounds: %d of %v, %.1f minutes in all", rep.began.UTC().Format("2006-01-02 15:04 UTC"), rep.rounds, rep.duration, rep.took.Minutes())
	if rep.quick {
		b.WriteString("; the quick form: it shows what is far off, and no more")
	}
	b.WriteString("\n\n")
	rep.table(&b)
	if plots {
		fmt.Fprintf(&b, "\nWhat paid and what did not, on the way here: [%s](%s), written by hand.\n", stepsFile, stepsFile)
	}
	b.WriteString("\n## How it is measured\n\n" + method)
	rep.works(&b)
	if plots {
		b.WriteString("\n## Beside the baselines\n\n![CPU of each delivery](plots/cpu.svg)\n\n![Verbatim's CPU against the baselines'](plots/ratios.svg)\n\n![Latency](plots/latencies.svg)\n")
	}
	rep.growths(&b, plots)
	rep.absolute(&b)
	rep.failures(&b)
	return b.String()
}

// stepsFile stands beside the report. It is written by hand, and a run leaves it alone.
const stepsFile = "performance-steps.md"

const method = `Two *baselines* do the fan-out and nothing else, on the same WebSocket library: no record, no history, no presence, no checks.
*coder* is the plain way: a goroutine and a queue for each connection, one write a message. *frames* makes a frame once for all
members, and writes what has gathered for a connection in one call. Verbatim does all that it always does: every message
is on the disk (fsync) before anybody sees it. Each round runs the servers of a row one after the other, each fresh; a ratio is
within one round. CPU is the user and system time of the server's process. The generator is one thread on the same machine and
takes its share of the cores, so a delivery is dearer here, and throughput lower, than with clients of their own.
Texts have 100 bytes. All sockets have one address, as a reverse proxy's do: so Verbatim runs with
` + "`--send-rate 0 --trusted-proxy 127.0.0.1`" + `. A publisher is a member too. CPU is counted in steps of 10 ms.
Heap objects and scheduling latency are Go's own counts on the server's /metrics, over the measured time.
Scheduling latency is interpolated within buckets whose ends lie 1.4 to 2 apart. Heap objects by delivery
include what a message allocates, which its deliveries share: 0.0 means below 0.05.
`

// table is all targets: how many are met, and each one's figure.
func (rep *report) table(b *strings.Builder) {
	var lines strings.Builder
	met, all := 0, 0
	for _, r := range rep.rows {
		for _, target := range r.targets {
			s, ok := r.over(target, target.against)
			word := target.word(s, ok)
			if !target.shown {
				all++
			}
			if word == "met" {
				met++
			}
			beside := ""
			if target.against == coder {
				beside = target.written(r.over(target, frames))
			}
			of := ""
			if target.of != verbatim {
				of = ", " + target.of
			}
			fmt.Fprintf(&lines, "| %s | %s%s | %s | %s | %s | %s |\n", r.title, target.name(), of, target.written(s, ok), target, word, beside)
		}
	}
	if all == 0 {
		return
	}
	fmt.Fprintf(b, "## All targets\n\n**%d of %d are met.** The median of the rounds, least and most in brackets. A row without a target is there to be compared with.\n\n"+
		"| work | figure | measured | target | | the same against frames |\n|---|---|---|---|---|---|\n%s", met, all, &lines)
}

// name is the figure's; with a unit, where it is no ratio.
func (b target) name() string {
	switch b.how {
	case ratio:
		return b.figure.name + ", ratio"
	case difference:
		return b.figure.name + ", difference in " + b.figure.unit
	}
	return strings.TrimSuffix(b.figure.name+", "+b.figure.unit, ", ")
}

func (b target) written(s spread, ok bool) string {
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", b.format(s.median), b.format(s.least), b.format(s.most))
}

func (b target) word(s spread, ok bool) string {
	switch {
	case b.shown:
		return ""
	case !ok:
		return "**not measured**"
	case b.met(s):
		return "met"
	}
	return "**missed**"
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

// absolute is the medians of every run that the generator drove.
func (rep *report) absolute(b *strings.Builder) {
	var names strings.Builder
	for _, c := range columns {
		names.WriteString(" " + c.name + " |")
	}
	header := fmt.Sprintf("\n## What was measured\n\nMedians over the rounds; they hold for this machine alone. CPU is by the row's own work: a delivery, a connection, a message. "+
		"Lost is the most in any round.\n\n| work | server |%s lost |\n|---|---|%s---|\n", &names, strings.Repeat("---|", len(columns)))
	for _, r := range rep.rows {
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

// cell is a figure's median; nothing where it was not measured.
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

// works says what the rows are.
func (rep *report) works(b *strings.Builder) {
	b.WriteString("\nThe works:\n\n")
	for _, r := range rep.rows {
		if r.growth == nil {
			fmt.Fprintf(b, "- %s: %s.\n", r.title, strings.TrimSuffix(r.about, "."))
		}
	}
}

// growths is a plot and a table for each thing that grows.
func (rep *report) growths(b *strings.Builder, plots bool) {
	header := "\n## What a delivery costs when something grows\n"
	for _, r := range rep.rows {
		if r.growth == nil {
			continue
		}
		fmt.Fprintf(b, "%s\n### %s\n\n%s. %s\n\n", header, r.growth.label, r.about, r.growth.says)
		header = ""
		if plots {
			fmt.Fprintf(b, "![%s](plots/growth-%s.svg)\n\n", r.growth.label, r.growth.name)
		}
		fmt.Fprintf(b, "| %s | CPU of each delivery, µs | deliveries/s | p50 ms | p99 ms | CPU of each message, µs |\n|---|---|---|---|---|---|\n", r.growth.label)
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

func (rep *report) failures(b *strings.Builder) {
	header := "\n## Runs that failed\n\n"
	for _, r := range rep.rows {
		for _, one := range r.runs {
			for _, f := range one.failures {
				fmt.Fprintf(b, "%s- %s, %s, %s\n", header, r.title, one.name, f)
				header = ""
			}
		}
	}
}
