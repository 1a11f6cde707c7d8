package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// sample is what the server held at one time.
type sample struct {
	at                          time.Duration
	memory, heap                float64 // bytes
	goroutines, files, sessions float64
	acks                        int64
}

var soak = drill{
	name: "soak", about: "steady load for -duration: memory, goroutines and open files stay flat",
	run: func(r *run) error {
		s, err := r.serve()
		if err != nil {
			return err
		}
		t, err := r.begin(s, shape{
			conversations: 50, authors: 20, readers: 5, window: 1, every: 100 * time.Millisecond, size: 200,
		})
		if err != nil {
			return err
		}
		churn := t.join(shape{conversations: 50, readers: 5}, httpClient)
		const samples = 20
		var all []sample
		began := time.Now()
		for i := range samples + 1 {
			for time.Since(began) < r.duration*time.Duration(i)/samples && r.ctx.Err() == nil {
				r.say("%v of %v; %d acks", time.Since(began).Round(time.Second), r.duration, t.acked.Load())
				r.pause(min(time.Second, r.duration/samples/4))
				// Clients come and go the whole time.
				churn.disturb("the client hung up", churn.hangUp)
			}
			if r.ctx.Err() != nil || r.broken() {
				break
			}
			one, err := s.sample(time.Since(began), t.acked.Load())
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		r.flat(all)
		r.count("%v, %d samples", r.duration, len(all))
		return t.finish()
	},
}

func (s *server) sample(at time.Duration, acks int64) (one sample, err error) {
	one.at, one.acks = at, acks
	for name, to := range map[string]*float64{
		"process_resident_memory_bytes": &one.memory,
		"go_memstats_heap_inuse_bytes":  &one.heap,
		"go_goroutines":                 &one.goroutines,
		"process_open_fds":              &one.files,
		"verbatim_sessions":             &one.sessions,
	} {
		if *to, err = s.metric(name); err != nil {
			return one, err
		}
	}
	return one, nil
}

// flat prints the samples and holds the last quarter to the second one; what comes before is filling up: ids are kept
// for 600 s, rings and history up to their sizes.
func (r *run) flat(all []sample) {
	if !r.quiet {
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "at\tmemory MB\theap MB\tgoroutines\tfiles\tsessions\tacks\t")
		for _, one := range all {
			fmt.Fprintf(w, "%v\t%.1f\t%.1f\t%.0f\t%.0f\t%.0f\t%d\t\n", one.at.Round(time.Second),
				one.memory/1e6, one.heap/1e6, one.goroutines, one.files, one.sessions, one.acks)
		}
		_ = w.Flush() // stdout: nobody could be told
	}
	quarter := len(all) / 4
	if quarter == 0 {
		r.miss("the soak was too short to say anything")
		return
	}
	for _, what := range []struct {
		name  string
		of    func(sample) float64
		slack float64
		unit  float64
	}{
		{"memory (MB)", func(s sample) float64 { return s.memory }, 8e6, 1e6},
		{"goroutines", func(s sample) float64 { return s.goroutines }, 10, 1},
		{"open files", func(s sample) float64 { return s.files }, 10, 1},
	} {
		before, after := median(all[quarter:2*quarter], what.of), median(all[len(all)-quarter:], what.of)
		r.judge(after <= before*1.1+what.slack, "%s %.0f in the second quarter, %.0f in the last (bound: 10%% more)",
			what.name, before/what.unit, after/what.unit)
	}
}

func median(all []sample, of func(sample) float64) float64 {
	var values []float64
	for _, one := range all {
		values = append(values, of(one))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
