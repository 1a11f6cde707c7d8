package simulation

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// TestMain leaves out what is no test at the moment, so that none has to skip itself: the workers' own, where this is
// no worker, and what compares seeds' traces, where one alone was asked for, or with the race detector, for which the
// runtime draws by lot who goes on.
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
	_ = skip.Set(strings.Join(out, "|")) // a text is never refused
	os.Exit(m.Run())
}
