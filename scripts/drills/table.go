package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"verbatim/promises"
)

// breaches are all that was wrong, the counts of all histories too.
func (r *run) breaches() (total promises.Counts, found []string) {
	for _, checker := range r.checkers {
		c := checker.Counts()
		total.Sessions += c.Sessions
		total.Lost += c.Lost
		total.Sends += c.Sends
		total.Resends += c.Resends
		total.Acks += c.Acks
		total.Unavailable += c.Unavailable
		total.Refused += c.Refused
		total.Joins += c.Joins
		total.Seen += c.Seen
		total.Recorded += c.Recorded
		total.Violations += c.Violations
		for _, v := range checker.Violations() {
			found = append(found, v.String())
		}
		if err := checker.Err(); err != nil {
			found = append(found, "the history could not be written: "+err.Error())
		}
	}
	total.Violations += len(r.missed) + len(r.figures)
	return total, append(append(found, r.missed...), r.figures...)
}

// runAll runs drills one after the other and prints the table.
func runAll(ctx context.Context, o options, drills []drill, out io.Writer) (code int) {
	var rows [][]string
	began := time.Now()
	for _, d := range drills {
		r, err := o.do(ctx, d)
		total, breaches := r.breaches()
		result := "ok"
		switch {
		case ctx.Err() != nil:
			result, code, breaches = "stopped", max(code, 2), nil
		case len(breaches) > 0:
			result, code = "BROKEN", 1
		case err != nil:
			result = "FAILED"
			if code == 0 {
				code = 2
			}
		}
		row := r.row(d, result, total)
		rows = append(rows, row)
		fmt.Fprintln(os.Stderr, line(row))
		for _, b := range breaches {
			fmt.Fprintln(os.Stderr, "    "+b)
		}
		if err != nil && !errors.Is(err, errBroken) {
			fmt.Fprintln(os.Stderr, "    "+d.name+": "+err.Error())
		}
		if o.markdown != "" { // each time: what was run stands there, whatever ends the rest
			if err := os.WriteFile(o.markdown, markdown(rows), 0o644); err != nil {
				fmt.Fprintln(os.Stderr, "drills:", err)
				code = max(code, 2)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintln(out)
	for _, row := range append([][]string{head}, rows...) {
		fmt.Fprintln(out, line(row))
	}
	fmt.Fprintf(out, "%d of %d drills in %.0f s\n", len(rows), len(drills), time.Since(began).Seconds())
	return code
}

// head names a row's cells.
var head = []string{
	"drill", "result", "seconds", "acked", "unknown", "seen", "read back", "sessions", "violations", "what was run",
}

// row is the drill's. Unknown are sends without a true answer: refused as unavailable, or the connection was lost
// before the reply.
func (r *run) row(d drill, result string, c promises.Counts) []string {
	row := []string{d.name, result, fmt.Sprintf("%.0f", time.Since(r.began).Seconds())}
	unknown := c.Sends + c.Resends - c.Acks - c.Refused
	for _, n := range []int{c.Acks, unknown, c.Seen, c.Recorded, c.Sessions, c.Violations} {
		row = append(row, fmt.Sprint(n))
	}
	return append(row, strings.Join(r.counts, "; "))
}

// line is a row as a line of the table.
func line(row []string) string {
	var cells []any
	for _, cell := range row {
		cells = append(cells, cell)
	}
	return fmt.Sprintf("%-12s %-8s %7s %9s %9s %9s %9s %9s %10s  %s", cells...)
}

// markdown is the table as Markdown, the figures below each other.
func markdown(rows [][]string) []byte {
	var b strings.Builder
	b.WriteString("| " + strings.Join(head, " | ") + " |\n|---|---" + strings.Repeat("|--:", len(head)-3) + "|---|\n")
	for _, row := range rows {
		b.WriteString("| " + strings.ReplaceAll(strings.Join(row, " | "), "; ", ";<br>") + " |\n")
	}
	return []byte(b.String())
}
