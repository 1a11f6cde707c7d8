package main

import (
	"fmt"
	"math"
	"strings"
)

// how a figure is judged.
type how int

const (
	alone how = iota
	ratio     // to the same figure of another run, in the same round
	difference
)

// target is what a figure must reach, its median over the rounds.
type target struct {
	of      string // the run
	figure  figure
	how     how
	against string // the other run
	limit   float64
	least   bool // the limit is the least, not the most
	shown   bool // it is no target: the figure is shown beside them
}

func atMost(limit float64) target  { return target{of: verbatim, limit: limit} }
func atLeast(limit float64) target { return target{of: verbatim, limit: limit, least: true} }

// times makes it a target for the ratio of a figure to that of another run.
func (t target) times(f figure, against string) target {
	t.figure, t.how, t.against = f, ratio, against
	return t
}

// above makes it a target for the difference of a figure to that of another run.
func (t target) above(f figure, against string) target {
	t.figure, t.how, t.against = f, difference, against
	return t
}

// alone makes it a target for the figure of one run.
func (t target) alone(f figure, of string) target {
	t.figure, t.how, t.of = f, alone, of
	return t
}

func show(f figure, of string) target { return target{of: of, figure: f, shown: true} }

func (t target) met(s spread) bool {
	if t.least {
		return s.median >= t.limit
	}
	return s.median <= t.limit
}

// name is the figure's name, with its unit unless it is a ratio.
func (t target) name() string {
	switch t.how {
	case ratio:
		return t.figure.name + ", ratio"
	case difference:
		return t.figure.name + ", difference in " + t.figure.unit
	}
	return strings.TrimSuffix(t.figure.name+", "+t.figure.unit, ", ")
}

// written is a spread as the report writes it, or a dash if nothing was measured.
func (t target) written(s spread, ok bool) string {
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", t.format(s.median), t.format(s.least), t.format(s.most))
}

// word returns the table's word for the target: met, missed or not measured, or "" if the figure is only shown.
func (t target) word(s spread, ok bool) string {
	switch {
	case t.shown:
		return ""
	case !ok:
		return "**not measured**"
	case t.met(s):
		return "met"
	}
	return "**missed**"
}

// format writes one of the target's values.
func (t target) format(v float64) string {
	switch {
	case t.how == ratio && math.Abs(v-t.limit) < 0.005 && v != t.limit && !t.shown:
		return fmt.Sprintf("%.3f", v) // so that what is just missed does not look met
	case t.how == ratio:
		return fmt.Sprintf("%.2f", v)
	case math.Abs(v) >= 10_000:
		return grouped(int(math.Round(v)))
	}
	return fmt.Sprintf(t.figure.format, v)
}

// String is what the figure must reach.
func (t target) String() string {
	if t.shown {
		return "–"
	}
	sign := "≤"
	if t.least {
		sign = "≥"
	}
	switch t.how {
	case ratio:
		return fmt.Sprintf("%s %.2f × %s", sign, t.limit, t.against)
	case difference:
		return fmt.Sprintf("%s %s + %g %s", sign, t.against, t.limit, t.figure.unit)
	}
	limit := fmt.Sprint(t.limit)
	if t.limit >= 10_000 {
		limit = grouped(int(t.limit))
	}
	return strings.TrimSpace(sign + " " + limit + " " + t.figure.unit)
}
