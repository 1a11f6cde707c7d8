// Command mutants breaks the server on purpose, one way at a time, and checks that a test notices. Each mutant is a
// change of a few lines in functions that it names, compiled in by `go test -overlay`: the tree is never touched. The
// tree as it is must pass first. It exits with 1 if a mutant survives, or if one can no longer be made because the
// code has changed.
//
//	go run ./scripts/mutants [-run substring] [-seeds 4000] [-from 1]
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	only := flag.String("run", "", "only mutants whose name contains this `text`")
	seeds := flag.Int("seeds", 4000, "how many `seeds` the simulation may try for each mutant")
	from := flag.Int("from", 1, "the first `seed`")
	flag.Parse()
	if err := (&hunt{seeds: *seeds, from: *from}).run(*only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}
