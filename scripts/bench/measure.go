package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// step is one run of one trial.
type step struct {
	row   *row
	trial *trial
	round int
}

// plan returns everything that is to be run, in order.
func plan(rows []*row, rounds int) (steps []step) {
	for round := 1; round <= rounds; round++ {
		for _, r := range rows {
			if r.rounds > 0 && round > r.rounds {
				continue
			}
			runs := slices.Clone(r.runs)
			if r.mirrored > 0 {
				back := slices.Clone(r.runs)
				slices.Reverse(back)
				runs = slices.Repeat(append(runs, back...), r.mirrored)
			}
			for _, t := range runs {
				steps = append(steps, step{r, t, round})
			}
		}
	}
	return steps
}

// measure runs the rows in rounds. A run that fails is noted, and the rest goes on.
func (b *bench) measure(ctx context.Context, rows []*row, rounds int) error {
	steps := plan(rows, rounds)
	for i, s := range steps {
		began := time.Now()
		f, err := b.once(ctx, s.trial.do)
		if ctx.Err() != nil {
			return errors.New("interrupted: all that was started has been stopped")
		}
		s.trial.took = time.Since(began)
		found := s.note(f, err)
		say("%d/%d  %s, %s: %s (%.1f s; %s left)", s.round, rounds, s.row.title, s.trial.name, found,
			s.trial.took.Seconds(), left(steps[i+1:], steps[:i+1]))
	}
	return nil
}

// note adds what a run measured to its trial, or why it failed, and returns it in a few words.
func (s step) note(f *figures.Figures, err error) string {
	if err != nil {
		s.trial.measured = append(s.trial.measured, nil)
		s.trial.failures = append(s.trial.failures, fmt.Sprintf("round %d: %v", s.round, err))
		return fmt.Sprintf("FAILED: %v", err)
	}
	s.trial.measured = append(s.trial.measured, f)
	return brief(s.row, s.trial, f)
}

// left estimates how long the steps to come will take: each as long as the last time, or as all so far on average.
func left(coming, done []step) time.Duration {
	var sum time.Duration
	for _, s := range done {
		sum += s.trial.took
	}
	mean := sum / time.Duration(len(done))
	sum = 0
	for _, s := range coming {
		if s.trial.took > 0 {
			sum += s.trial.took
		} else {
			sum += mean
		}
	}
	return sum.Round(time.Second)
}

// brief returns a run in a few words: the figures of the row's targets.
func brief(r *row, t *trial, f *figures.Figures) string {
	var words []string
	targets := r.targets
	if r.growth != nil {
		targets = []target{{of: t.name, figure: cpu}}
	}
	for _, target := range targets {
		if target.how == alone && target.of != t.name {
			continue
		}
		name, format, unit := target.figure.name, target.figure.format, target.figure.unit
		word := strings.TrimSpace(fmt.Sprintf("%s "+format+" %s", name, target.figure.of(f), unit))
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if f.Lost != 0 {
		words = append(words, fmt.Sprintf("%d LOST", f.Lost))
	}
	return strings.Join(words, ", ")
}
