package main

import (
	"math"
	"time"

	"verbatim/scripts/bench/figures"
)

// row is one kind of work.
type row struct {
	title   string
	about   string
	runs    []*trial
	targets []target
	redis   bool // it needs redis-server

	// mirrored: each round makes the runs forwards and backwards, so many times, so that a machine that becomes
	// slower or faster meanwhile does so for all of them. Each time forwards, or backwards, counts as a round of its
	// own. 0: once forwards.
	mirrored int
	rounds   int   // at most so many; 0: all
	growth   *axis // not nil: the runs are the points of a plot
}

// axis is what grows along the points of a plot.
type axis struct {
	name, label string // of the file, and below the plot
	says        string // why it is not flat
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

func one(name, flags string) []*trial { return named(name, generated(verbatim, flags)) }

func named(name string, do work) []*trial { return []*trial{{name: name, do: do}} }

// each runs the same work on several servers.
func each(flags string, servers ...string) (runs []*trial) {
	for _, s := range servers {
		runs = append(runs, &trial{name: s, do: generated(s, flags)})
	}
	return runs
}

// trial returns the run of that name, or nil.
func (r *row) trial(name string) *trial {
	for _, one := range r.runs {
		if one.name == name {
			return one
		}
	}
	return nil
}

// over returns the target's figure over the rounds against another run; ok is false if no round has both.
func (r *row) over(t target, against string) (_ spread, ok bool) {
	of := r.trial(t.of)
	other := of
	if t.how != alone {
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
		v := t.figure.of(f)
		switch t.how {
		case ratio:
			v /= t.figure.of(o)
		case difference:
			v -= t.figure.of(o)
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	}
	return spreadOf(values)
}

// over returns a figure of one run over the rounds; ok is false if it was not measured.
func (one *trial) over(of func(*figures.Figures) float64) (_ spread, ok bool) {
	var values []float64
	for _, f := range one.measured {
		if f != nil && !math.IsNaN(of(f)) {
			values = append(values, of(f))
		}
	}
	return spreadOf(values)
}
