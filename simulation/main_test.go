package simulation

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// TestMain leaves out what is no test at the moment, so that none has to skip itself: the workers' own, where this is
// no worker, and what compares many seeds, where one alone was asked for.
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
	if *oneSeed != 0 {
		out = append(out, "^TestASeedRunsTheSameWayEachTime$")
	}
	_ = skip.Set(strings.Join(out, "|")) // a text is never refused
	os.Exit(m.Run())
}
