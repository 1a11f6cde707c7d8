package simulation

import (
	"testing"
)

// worlds are what a seed can be run in, by name.
var worlds = map[string]func(*server) clients{
	"authors": newAuthors, // people at the store itself
}

// quick is how many seeds of each world a plain run of the tests tries.
var quick = map[string]int{"authors": 3000}

func TestWhatAuthorsWereToldIsTrueWhateverFails(t *testing.T) { try(t, "authors") }

// TestASeedRunsTheSameWayEachTime runs seeds twice, in processes of their own, and compares the traces.
func TestASeedRunsTheSameWayEachTime(t *testing.T) {
	if *oneSeed != 0 {
		t.Skip("one seed alone was asked for")
	}
	seeds := 100
	if testing.Short() {
		seeds = 20
	}
	for world := range worlds {
		one, other := traces(t, world, seeds), traces(t, world, seeds)
		if len(one) != seeds || len(other) != seeds {
			t.Fatalf("%s: %d and %d seeds have run, want %d", world, len(one), len(other), seeds)
		}
		for seed, want := range one {
			if got := other[seed]; got != want {
				t.Errorf("%s: seed %s runs in two ways: %s and %s", world, seed, want, got)
			}
		}
	}
}
