package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// report is what docs/reports/performance.md is made from.
type report struct {
	*options
	machine []string
	began   time.Time
	took    time.Duration
	rows    []*row
}

// write writes the report and its plots into a folder.
func (rep *report) write(docs string) error {
	plots := filepath.Join(docs, "plots")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return err
	}
	files := map[string]string{
		filepath.Join(docs, "performance.md"): rep.markdown(true),
		filepath.Join(plots, "cpu.svg"):       plotCPU(rep.rows),
		filepath.Join(plots, "ratios.svg"):    plotRatios(rep.rows),
		filepath.Join(plots, "latencies.svg"): plotLatency(rep.rows),
	}
	for _, r := range rep.rows {
		if r.growth != nil {
			files[filepath.Join(plots, "growth-"+r.growth.name+".svg")] = plotGrowth(r)
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

// markdown returns the report, with the plots that lie beside it or without.
func (rep *report) markdown(plots bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Performance\n\nWritten by `make bench` (scripts/bench), which anybody can run.\n\n")
	for _, line := range rep.machine {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	fmt.Fprintf(&b, "- %s, rounds: %d of %v, %.1f minutes in all",
		rep.began.UTC().Format("2006-01-02 15:04 UTC"), rep.rounds, rep.duration, rep.took.Minutes())
	if rep.quick {
		b.WriteString("; the quick form: it shows what is far off, and no more")
	}
	b.WriteString("\n\n")
	writeTargets(&b, rep.rows)
	if plots {
		fmt.Fprintf(&b, "\nWhat paid and what did not, on the way here: [%s](%s), written by hand.\n",
			stepsFile, stepsFile)
	}
	b.WriteString("\n## How it is measured\n\n" + method)
	writeWorks(&b, rep.rows)
	if plots {
		b.WriteString("\n## Beside the baselines\n\n![CPU of each delivery](plots/cpu.svg)\n\n" +
			"![Verbatim's CPU against the baselines'](plots/ratios.svg)\n\n![Latency](plots/latencies.svg)\n")
	}
	writeGrowths(&b, rep.rows, plots)
	writeRuns(&b, rep.rows)
	writeFailures(&b, rep.rows)
	return b.String()
}

// stepsFile stands beside the report. It is written by hand, and a run leaves it alone.
const stepsFile = "performance-steps.md"

const method = `Two *baselines* do the fan-out and nothing else, on the same WebSocket library:
no record, no history, no presence, no checks.
*coder* is the plain way: a goroutine and a queue for each connection, one write a message. *frames* makes a frame once
for all members, and writes what has gathered for a connection in one call. Verbatim does all that it always does: every
message is on the disk (fsync) before anybody sees it. Each round runs the servers of a row one after the other, each
fresh; a ratio is within one round. CPU is the user and system time of the server's process. The generator is one thread
on the same machine and takes its share of the cores, so a delivery is dearer here, and throughput lower, than with
clients of their own.
Texts have 100 bytes. All sockets have one address, as a reverse proxy's do: so Verbatim runs with
` + "`--send-rate 0 --trusted-proxy 127.0.0.1`" + `. A publisher is a member too. CPU is counted in steps of 10 ms.
Heap objects and scheduling latency are Go's own counts on the server's /metrics, over the measured time.
Scheduling latency is interpolated within buckets whose ends lie 1.4 to 2 apart. Heap objects by delivery
include what a message allocates, which its deliveries share: 0.0 means below 0.05.
`

// writeWorks says what the rows are.
func writeWorks(b *strings.Builder, rows []*row) {
	b.WriteString("\nThe works:\n\n")
	for _, r := range rows {
		if r.growth == nil {
			fmt.Fprintf(b, "- %s: %s.\n", r.title, strings.TrimSuffix(r.about, "."))
		}
	}
}

func writeFailures(b *strings.Builder, rows []*row) {
	header := "\n## Runs that failed\n\n"
	for _, r := range rows {
		for _, one := range r.runs {
			for _, f := range one.failures {
				fmt.Fprintf(b, "%s- %s, %s, %s\n", header, r.title, one.name, f)
				header = ""
			}
		}
	}
}
