package simulation

import (
	"maps"
	"slices"
	"testing"
)

// worlds are what a seed can be run in, by name.
var worlds = map[string]func(*server) clients{
	"authors": newAuthors, // people at the store itself
	"people":  newPeople,  // sessions over sockets, the hub between them
}

// quick is how many seeds of each world a plain run of the tests tries.
var quick = map[string]int{"authors": 3000, "people": 1500}

func TestWhatAuthorsWereToldIsTrueWhateverFails(t *testing.T) { try(t, "authors") }

func TestWhatSessionsSawIsTrueWhateverFails(t *testing.T) { try(t, "people") }

// TestASeedRunsTheSameWayEachTime runs seeds twice, in processes of their own, and compares the traces. Where the machine
// stood still for 10 ms in the middle of a step, the runtime takes the processor from whoever has it: a seed that ran in
// two ways is run five times more, by itself, and all but one must be alike. The second process starts in the middle:
// where a seed depends on those before it, all of them run in two ways.
func TestASeedRunsTheSameWayEachTime(t *testing.T) {
	seeds := 200
	if testing.Short() || raceDetector {
		seeds = 40
	}
	for world := range worlds {
		all, half := traces(t, world, 1, seeds), traces(t, world, uint64(seeds/2+1), seeds/2)
		if len(all) != seeds || len(half) != seeds/2 {
			t.Fatalf("%s: %d and %d seeds have run, want %d and %d", world, len(all), len(half), seeds, seeds/2)
		}
		twoWays := 0
		for seed, want := range half {
			if all[seed] == want {
				continue
			}
			twoWays++
			ways := make(map[string]int)
			for range 5 {
				ways[traces(t, world, seed, 1)[seed]]++
			}
			if slices.Max(slices.Collect(maps.Values(ways))) < 4 {
				t.Errorf("%s: seed %d runs in several ways: %v", world, seed, ways)
			}
			t.Logf("%s: seed %d ran in two ways once: was the machine busy?", world, seed)
		}
		if twoWays > len(half)/4 {
			t.Errorf("%s: %d of %d seeds ran in two ways: does one depend on those before it?", world, twoWays, len(half))
		}
	}
}
