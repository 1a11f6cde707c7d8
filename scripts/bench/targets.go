package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"verbatim/scripts/bench/figures"
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
	least   bool
	shown   bool // it is no target: the figure is shown beside them
}

func atMost(limit float64) target  { return target{of: verbatim, limit: limit} }
func atLeast(limit float64) target { return target{of: verbatim, limit: limit, least: true} }

func (b target) times(f figure, against string) target {
	b.figure, b.how, b.against = f, ratio, against
	return b
}

func (b target) above(f figure, against string) target {
	b.figure, b.how, b.against = f, difference, against
	return b
}

func (b target) alone(f figure, of string) target {
	b.figure, b.how, b.of = f, alone, of
	return b
}

func show(f figure, of string) target { return target{of: of, figure: f, shown: true} }

// spread is a figure over the rounds.
type spread struct{ least, median, most float64 }

func spreadOf(values []float64) (s spread, ok bool) {
	if len(values) == 0 {
		return s, false
	}
	slices.Sort(values)
	n := len(values)
	return spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}, true
}

// over gives the target's figure over the rounds against another run; ok is false where no round has both.
func (r *row) over(b target, against string) (spread, bool) {
	of := r.trial(b.of)
	other := of
	if b.how != alone {
		other = r.trial(against)
	}
	if of == nil || other == nil {
		return spread{}, false
	}
	var values []float64
	for i := range min(len(of.measured), len(other.measured)) {
		f, o := of.measured[i], other.measured[i]
		if f == nil || o == nil {
			continue // that run failed in this round
		}
		v := b.figure.of(f)
		switch b.how {
		case ratio:
			v /= b.figure.of(o)
		case difference:
			v -= b.figure.of(o)
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	}
	return spreadOf(values)
}

func (r *row) trial(name string) *trial {
	for _, one := range r.runs {
		if one.name == name {
			return one
		}
	}
	return nil
}

// over gives a figure of one run over the rounds.
func (one *trial) over(of func(*figures.Figures) float64) (spread, bool) {
	var values []float64
	for _, f := range one.measured {
		if f != nil && !math.IsNaN(of(f)) {
			values = append(values, of(f))
		}
	}
	return spreadOf(values)
}

func (b target) met(s spread) bool {
	if b.least {
		return s.median >= b.limit
	}
	return s.median <= b.limit
}

// format is how the target's values are written.
func (b target) format(v float64) string {
	switch {
	case b.how == ratio && math.Abs(v-b.limit) < 0.005 && v != b.limit && !b.shown:
		return fmt.Sprintf("%.3f", v) // so that what is just missed does not look met
	case b.how == ratio:
		return fmt.Sprintf("%.2f", v)
	case math.Abs(v) >= 10_000:
		return grouped(int(math.Round(v)))
	}
	return fmt.Sprintf(b.figure.format, v)
}

func (b target) String() string {
	if b.shown {
		return "–"
	}
	sign := "≤"
	if b.least {
		sign = "≥"
	}
	switch b.how {
	case ratio:
		return fmt.Sprintf("%s %.2f × %s", sign, b.limit, b.against)
	case difference:
		return fmt.Sprintf("%s %s + %g %s", sign, b.against, b.limit, b.figure.unit)
	}
	limit := fmt.Sprint(b.limit)
	if b.limit >= 10_000 {
		limit = grouped(int(b.limit))
	}
	return strings.TrimSpace(sign + " " + limit + " " + b.figure.unit)
}

// grouped writes a number with commas between its thousands.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
