package simulation

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// TestMain leaves out the tests that do not apply, so that none has to skip itself: the workers' own in a process
// that is no worker; and the comparison of traces if only one seed is run, or with the race detector, which makes the
// runtime choose goroutines at random.
func TestMain(m *testing.M) {
	flag.Parse()
	skip := flag.Lookup("test.skip").Value
	var out []string
	if given := skip.String(); given != "" {
		out = append(out, given)
	}
	if *worker == "" {
		out = append(out, "^TestWorker$")
	}
	if *oneSeed != 0 || raceDetector {
		out = append(out, "^TestASeedRunsTheSameWayEachTime$")
	}
	_ = skip.Set(strings.Join(out, "|")) // any string is accepted
	os.Exit(m.Run())
}
