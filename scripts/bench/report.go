package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// report is what docs/performance.md is made from.
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
	b.WriteString("\n\n" + method + "\n")
	rep.verdict(&b)
	rep.beside(&b)
	rep.aloneTable(&b)
	if plots {
		b.WriteString("\n![CPU of each delivery](plots/cpu.svg)\n\n![Verbatim's CPU against the floors'](plots/ratios.svg)\n\n![Latency](plots/latencies.svg)\n")
	}
	rep.absolute(&b)
	rep.failures(&b)
	return b.String()
}

const method = `Two *floors* do the fan-out and nothing else, on the same WebSocket library: no record, no history, no presence, no checks.
*coder* is the plain way: a goroutine and a queue for each connection, one write a message. *frames* makes a frame once for all
members, and writes what has gathered for a connection in one call. Verbatim does all that it always does: every message
is on the disk (fsync) before anybody sees it. Each round runs the servers of a row one after the other, each fresh; a ratio is
within one round. CPU is the user and system time of the server's process. The generator is one thread on the same machine and
takes its share of the cores, so a delivery is dearer here, and throughput lower, than with clients of their own. Texts have 100 bytes;
a publisher is a member too. CPU is counted in steps of 10 ms.
`

// verdict says in words which bars are missed.
func (rep *report) verdict(b *strings.Builder) {
	var missed []string
	met, all := 0, 0
	for _, r := range rep.rows {
		for _, bar := range r.bars {
			all++
			s, ok := r.over(bar, bar.against)
			switch {
			case !ok:
				missed = append(missed, fmt.Sprintf("%s: %s was not measured (%v).", r.title, bar.figure.name, bar))
			case bar.met(s):
				met++
			default:
				missed = append(missed, fmt.Sprintf("%s: %s is %s; the bar is %v.", r.title, bar.figure.name, bar.format(s.median), bar))
			}
		}
	}
	fmt.Fprintf(b, "**%d of %d bars are met.**", met, all)
	if len(missed) > 0 {
		b.WriteString(" Missed:\n\n")
		for _, m := range missed {
			fmt.Fprintf(b, "- %s\n", m)
		}
	} else {
		b.WriteString("\n")
	}
}

// beside is the table of the rows that have floors.
func (rep *report) beside(b *strings.Builder) {
	header := "\n## Beside the floors\n\nThe median of the rounds, least and most in brackets.\n\n" +
		"| work | figure | Verbatim against coder | bar | Verbatim against frames | |\n|---|---|---|---|---|---|\n"
	for _, r := range rep.rows {
		for _, bar := range r.bars {
			if bar.against != coder {
				continue
			}
			b.WriteString(header)
			header = ""
			s, ok := r.over(bar, coder)
			sf, okf := r.over(bar, frames)
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", r.title, bar.name(), bar.written(s, ok), bar, bar.written(sf, okf), bar.word(s, ok))
		}
	}
}

// aloneTable is the table of the bars without floors.
func (rep *report) aloneTable(b *strings.Builder) {
	header := "\n## Verbatim alone\n\n| work | figure | measured | bar | |\n|---|---|---|---|---|\n"
	for _, r := range rep.rows {
		for _, bar := range r.bars {
			if bar.against == coder {
				continue
			}
			b.WriteString(header)
			header = ""
			s, ok := r.over(bar, bar.against)
			of := ""
			if bar.of != verbatim {
				of = ", " + bar.of
			}
			fmt.Fprintf(b, "| %s | %s%s | %s | %s | %s |\n", r.title, bar.name(), of, bar.written(s, ok), bar, bar.word(s, ok))
		}
	}
}

// name is the figure's; with a unit, where it is no ratio.
func (b bar) name() string {
	switch b.how {
	case ratio:
		return b.figure.name + ", ratio"
	case difference:
		return b.figure.name + ", difference in " + b.figure.unit
	}
	return b.figure.name + ", " + b.figure.unit
}

func (b bar) written(s spread, ok bool) string {
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", b.format(s.median), b.format(s.least), b.format(s.most))
}

func (b bar) word(s spread, ok bool) string {
	switch {
	case !ok:
		return "**not measured**"
	case b.met(s):
		return "met"
	}
	return "**missed**"
}

// absolute is the medians of every run.
func (rep *report) absolute(b *strings.Builder) {
	b.WriteString("\n## What was measured\n\nMedians over the rounds; they hold for this machine alone. CPU is by the row's own work: a delivery, a connection, a message.\n\n" +
		"| work | server | CPU µs each | cores | deliveries/s | messages/s | p50 ms | p99 ms | lost | RSS MB | kB each | generator µs each |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rep.rows {
		for _, one := range r.runs {
			cell := func(format string, of func(*figures.Figures) float64) string {
				s, ok := one.over(of)
				if !ok || s.most == 0 && s.least == 0 {
					return ""
				}
				if s.median >= 10_000 {
					return grouped(int(s.median))
				}
				return fmt.Sprintf(format, s.median)
			}
			lost := ""
			if s, ok := one.over(func(f *figures.Figures) float64 { return float64(f.Lost) }); ok && s.most > 0 {
				lost = fmt.Sprintf("at most %.0f", s.most)
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.title, one.name,
				cell("%.2f", cpu.of), cell("%.2f", cores.of), cell("%.0f", entries.of), cell("%.0f", messages.of),
				cell("%.2f", func(f *figures.Figures) float64 { return f.P50 }), cell("%.2f", p99.of), lost,
				cell("%.1f", func(f *figures.Figures) float64 { return f.RSS / 1024 }), cell("%.1f", memory.of),
				cell("%.2f", func(f *figures.Figures) float64 { return f.GeneratorEach }))
		}
	}
	b.WriteString("\nThe work:\n\n")
	for _, r := range rep.rows {
		fmt.Fprintf(b, "- %s: %s.\n", r.title, r.about)
	}
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
