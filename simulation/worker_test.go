package simulation

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	oneSeed  = flag.Uint64("seed", 0, "run this seed alone, and print its trace")
	seeds    = flag.Int("seeds", 0, "how many seeds of each world to run; 0: a few thousand")
	from     = flag.Uint64("from", 1, "the first seed")
	worker   = flag.String("worker", "", "the tests' own: be a worker for this world")
	tracing  = flag.Bool("tracing", false, "the tests' own: a worker prints traces, or with -seeds their sums")
	tooLong  = 2 * time.Minute // for one seed: then it hangs
	chunkLen = 250             // seeds that a worker runs before it is replaced
)

// TestWorker runs in a process of its own, with one processor, which the other tests start: see doc.go.
func TestWorker(t *testing.T) {
	debug.SetGCPercent(-1)
	for i := range max(*seeds, 1) {
		seed := *from + uint64(i)
		fmt.Printf("seed %d\n", seed)
		watch := time.AfterFunc(tooLong, func() {
			debug.SetTraceback("all")
			panic(fmt.Sprintf("seed %d hangs", seed))
		})
		w := play(t, seed)
		watch.Stop()
		if *tracing && *seeds > 0 {
			fmt.Printf("trace %d %t %x\n",
				seed, w.preempted, sha256.Sum256([]byte(strings.Join(inOrder(w.lines), "\n"))))
		} else if *tracing {
			fmt.Println(strings.Join(w.lines, "\n"))
		}
		if w.broken() {
			t.Errorf("seed %d: %s", seed, strings.Join(w.failed[:min(len(w.failed), 8)], "\n"))
			return
		}
		if i%16 == 0 {
			runtime.GC()
		}
		fmt.Printf("done %d %d %d %d\n", w.steps.get(), w.model.acks, w.model.refusals, w.crashes)
	}
}

func play(t *testing.T, seed uint64) (w *world) {
	t.Run("seed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w = newWorld(t, seed, *tracing)
			w.reseed()
			w.play(worlds[*worker])
		})
	})
	return w
}

// start runs a worker and waits for its end. The end of ctx ends it.
func start(ctx context.Context, world string, out io.Writer, args ...string) error {
	args = append([]string{"-test.run=^TestWorker$", "-test.timeout=10m", "-worker=" + world}, args...)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
}

// try runs many seeds of a world, on all processors, and reports how to repeat the first one that breaks a promise.
func try(t *testing.T, world string) {
	if *oneSeed != 0 {
		var out bytes.Buffer
		err := start(t.Context(), world, &out, "-tracing", "-from="+strconv.FormatUint(*oneSeed, 10))
		t.Logf("%s", out.String())
		if err != nil {
			t.Error(err)
		}
		return
	}
	total := *seeds
	if total == 0 {
		total = quick[world]
		if testing.Short() || raceDetector {
			total /= 10
		}
	}
	p := newProgress(t, world, total)
	var next atomic.Int64
	var workers sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for range runtime.NumCPU() {
		workers.Go(func() { // the test's, which waits for it; ends when there are no more seeds, or one has failed
			for {
				i := next.Add(int64(chunkLen)) - int64(chunkLen)
				n := min(int64(chunkLen), int64(total)-i)
				if n <= 0 || ctx.Err() != nil {
					return
				}
				first := *from + uint64(i)
				out := &output{p: p}
				err := start(ctx, world, out,
					"-from="+strconv.FormatUint(first, 10), "-seeds="+strconv.FormatInt(n, 10))
				if err != nil && ctx.Err() == nil {
					stop()
					p.fail(out, err)
				}
			}
		})
	}
	workers.Wait()
	if p.failed != "" {
		again := 0
		for range 3 {
			if start(t.Context(), world, io.Discard, "-from="+p.failed) != nil {
				again++
			}
		}
		t.Logf("%s: seed %s fails again %d times of 3", world, p.failed, again)
	}
	p.end()
}

// run is the result of a seed.
type run struct {
	sum       string // of the trace
	preempted bool   // a goroutine may have been preempted, so that the runtime chose which one goes on
}

// runs plays n seeds, from the first on, in one process, and returns their results.
func runs(t *testing.T, world string, first uint64, n int) map[uint64]run {
	var out bytes.Buffer
	err := start(t.Context(), world, &out,
		"-tracing", "-from="+strconv.FormatUint(first, 10), "-seeds="+strconv.Itoa(n))
	if err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	all := make(map[uint64]run)
	for line := range strings.Lines(out.String()) {
		var seed uint64
		var r run
		if n, _ := fmt.Sscanf(line, "trace %d %t %s", &seed, &r.preempted, &r.sum); n == 3 {
			all[seed] = r
		}
	}
	return all
}

// inOrder returns a trace in which the lines of one step are sorted: goroutines that run at the same time have no
// order.
func inOrder(lines []string) []string {
	step := func(line string) int {
		n, _ := strconv.Atoi(line[:strings.IndexByte(line, ' ')])
		return n
	}
	slices.SortStableFunc(lines,
		func(a, b string) int { return cmp.Or(cmp.Compare(step(a), step(b)), strings.Compare(a, b)) })
	return lines
}
