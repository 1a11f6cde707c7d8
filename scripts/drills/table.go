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
	for _, t := range r.traffics {
		c := t.checker.Counts()
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
		for _, v := range t.checker.Violations() {
			found = append(found, v.String())
		}
		if err := t.checker.Err(); err != nil {
			found = append(found, "the history could not be written: "+err.Error())
		}
	}
	total.Violations += len(r.missed)
	return total, append(found, r.missed...)
}

// runAll runs drills one after the other and prints the table.
func runAll(ctx context.Context, o options, drills []drill, out io.Writer) (code int) {
	var rows []string
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
		fmt.Fprintln(os.Stderr, row)
		for _, b := range breaches {
			fmt.Fprintln(os.Stderr, "    "+b)
		}
		if err != nil && !errors.Is(err, errBroken) {
			fmt.Fprintln(os.Stderr, "    "+d.name+": "+err.Error())
		}
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(out, "\n%-10s %-8s %7s %9s %9s %9s %9s %9s %10s  %s\n", "drill", "result", "seconds", "acked", "unknown", "seen", "read back", "sessions", "violations", "what was run")
	fmt.Fprintln(out, strings.Join(rows, "\n"))
	fmt.Fprintf(out, "%d of %d drills in %.0f s\n", len(rows), len(drills), time.Since(began).Seconds())
	return code
}

// row is the drill's line in the table. Unknown are sends without a true answer: refused as unavailable, or the connection
// was lost before the reply.
func (r *run) row(d drill, result string, c promises.Counts) string {
	unknown := c.Sends + c.Resends - c.Acks - c.Refused
	return fmt.Sprintf("%-10s %-8s %7.0f %9d %9d %9d %9d %9d %10d  %s", d.name, result, time.Since(r.began).Seconds(), c.Acks, unknown, c.Seen, c.Recorded, c.Sessions,
		c.Violations, strings.Join(r.counts, "; "))
}
