package simulation

import "testing"

// worlds are the kinds of worlds that a seed can decide, by name.
var worlds = map[string]func(*server) clients{
	"authors": newAuthors, // clients of the store itself
	"people":  newPeople,  // clients of sessions, over sockets, with the hub between
}

// quick is how many seeds of each world the tests run by default.
var quick = map[string]int{"authors": 2000, "people": 1000}

func TestWhatAuthorsWereToldIsTrueWhateverFails(t *testing.T) { try(t, "authors") }

func TestWhatSessionsSawIsTrueWhateverFails(t *testing.T) { try(t, "people") }

// TestASeedRunsTheSameWayEachTime runs seeds twice, in two processes, and compares the traces. The second process
// begins in the middle, which reveals a seed that depends on the ones before it.
func TestASeedRunsTheSameWayEachTime(t *testing.T) {
	seeds := 200
	if testing.Short() {
		seeds = 40
	}
	for world := range worlds {
		all, half := runs(t, world, 1, seeds), runs(t, world, uint64(seeds/2+1), seeds/2)
		if len(all) != seeds || len(half) != seeds/2 {
			t.Fatalf("%s: %d and %d seeds have run, want %d and %d", world, len(all), len(half), seeds, seeds/2)
		}
		for seed := range half {
			if all[seed].sum != half[seed].sum {
				again(t, world, seed, all[seed], half[seed])
			}
		}
	}
}

// again decides about a seed whose two runs differ. A run with a preemption may differ: so the seed is run again, alone
// and after another one, until two of these are alike. Two runs without a preemption must be.
func again(t *testing.T, world string, seed uint64, first, second run) {
	ways := make(map[string]bool) // of runs without a preemption
	note := func(r run) {
		if !r.preempted {
			ways[r.sum] = true
		}
	}
	note(first)
	note(second)
	for range 30 {
		alone, behind := runs(t, world, seed, 1)[seed], runs(t, world, seed-1, 2)[seed]
		note(alone)
		note(behind)
		if len(ways) > 1 {
			t.Errorf("%s: seed %d runs in several ways: %v", world, seed, ways)
			return
		}
		if alone.sum == behind.sum {
			t.Logf("%s: seed %d ran in two ways while the machine was busy", world, seed)
			return
		}
	}
	t.Errorf("%s: seed %d never runs behind another as it runs alone", world, seed)
}
