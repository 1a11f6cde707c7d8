package simulation

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"verbatim/persistence/vfs/vfstest"
)

// world is what one seed decides: the disk, the time, and the order in which goroutines go on. The driver is the main
// goroutine of the synctest bubble.
type world struct {
	t        *testing.T
	seed     uint64
	random   *rand.Rand // used by the driver only
	fs       *vfstest.FS
	model    *model
	scenario scenario

	faultProfile faultProfile // of the present incarnation; the file system's lock guards it

	// Written by the driver while all other goroutines wait.
	steps      counter
	healthy    atomic.Bool // no faults are injected
	faults     counter     // failed calls so far, reads excepted
	crashes    int
	lateFaults counter // syncs that failed because of an earlier fault, even if there are none any more
	readFaults counter // failed reads
	tracing    bool
	lines      []string      // of the trace
	lastLook   time.Duration // when the driver last began or ended a wait, by the machine's clock
	preempted  bool          // a goroutine may have been preempted: see noteTime

	mu     sync.Mutex
	parked []*parked // what waits for the driver, sorted by key
	failed []string  // broken promises
}

// counter is a number that the driver counts, and others read: atomic for the race detector's sake, which does not
// know that they wait for each other.
type counter struct{ atomic.Int64 }

func (n *counter) up()       { n.Add(1) }
func (n *counter) get() int  { return int(n.Load()) }
func (n *counter) set(v int) { n.Store(int64(v)) }

// parked is a goroutine that waits until the driver lets it go on.
type parked struct {
	key string
	run func(crashed bool) // called by the driver when it lets the goroutine go on; nil: nothing
	on  chan struct{}      // closed after that
}

func newWorld(t *testing.T, seed uint64, tracing bool) *world {
	w := &world{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 17)), tracing: tracing}
	w.fs = vfstest.New(w.random, w.driver())
	w.model = newModel(w)
	w.lastLook = machineTime()
	return w
}

// reseed makes crypto/rand return the same bytes from here on in each run.
func (w *world) reseed() { cryptotest.SetGlobalRandom(w.t, w.seed<<20+uint64(w.steps.get())) }

// hash draws from the seed by its arguments, so that the result does not depend on which goroutine asks first.
func (w *world) hash(op, name string, off int64) uint64 {
	var b [24]byte
	binary.LittleEndian.PutUint64(b[:], w.seed)
	binary.LittleEndian.PutUint64(b[8:], uint64(w.steps.get()))
	binary.LittleEndian.PutUint64(b[16:], uint64(off))
	h := uint64(14695981039346656037) // FNV-1a, which is the same in each run
	for _, part := range []string{string(b[:]), op, name} {
		for i := range len(part) {
			h = (h ^ uint64(part[i])) * 1099511628211
		}
	}
	return h ^ h>>29
}

func (w *world) trace(format string, args ...any) {
	if w.tracing && !w.model.dead.Load() {
		line := fmt.Sprintf("%d ", w.steps.get()) + fmt.Sprintf(format, args...)
		w.mu.Lock()
		w.lines = append(w.lines, line)
		w.mu.Unlock()
	}
}

// fail notes a broken promise. Any goroutine may call it.
func (w *world) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, fmt.Sprintf(format, args...))
}

func (w *world) broken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.failed) > 0
}

// park waits for the driver, which calls run when it lets the caller go on.
func (w *world) park(key string, run func(crashed bool)) { <-w.line(key, run).on }

// line adds a goroutine to those that wait.
func (w *world) line(key string, run func(crashed bool)) *parked {
	p := &parked{key, run, make(chan struct{})}
	w.trace("waits: %s", key)
	w.mu.Lock()
	i, _ := slices.BinarySearchFunc(w.parked, key, func(p *parked, key string) int {
		if c := strings.Compare(p.key, key); c != 0 {
			return c
		}
		return -1 // behind its equals
	})
	w.parked = slices.Insert(w.parked, i, p)
	w.mu.Unlock()
	return p
}

// parkUnless is park, but returns early, without a call of run, if stop is closed.
func (w *world) parkUnless(stop <-chan struct{}, key string, run func(crashed bool)) {
	p := w.line(key, run)
	select {
	case <-p.on:
	case <-stop:
		w.mu.Lock()
		w.parked = slices.DeleteFunc(w.parked, func(other *parked) bool { return other == p })
		w.mu.Unlock()
	}
}

// quiesce waits until every goroutine waits, for the driver or for time. Some nanoseconds pass at each step, so that
// the timers of two steps are never due at the same instant: their order would be left to chance.
func (w *world) quiesce() {
	w.noteTime()
	time.Sleep(time.Duration(1 + w.random.IntN(999)))
	synctest.Wait()
	w.noteTime()
}

// noteTime notes whether a goroutine may have been preempted since the last call: the runtime preempts one that has run
// for 10 ms without a pause.
func (w *world) noteTime() {
	now := machineTime()
	w.preempted = w.preempted || now-w.lastLook > 9*time.Millisecond
	w.lastLook = now
}

// machineTime is the machine's clock: time.Now is the bubble's. On Linux it is read without a call of the system, in
// which the runtime could give the processor away.
func machineTime() time.Duration {
	var now syscall.Timeval
	_ = syscall.Gettimeofday(&now) // fails for a bad pointer alone
	return time.Duration(now.Nano())
}

// resumeOne lets one waiting goroutine go on, and reports whether there was one.
func (w *world) resumeOne(crashed bool) bool {
	w.mu.Lock()
	n := len(w.parked)
	if n == 0 {
		w.mu.Unlock()
		return false
	}
	i := 0
	if !crashed {
		i = w.random.IntN(n)
	}
	p := w.parked[i]
	w.parked = slices.Delete(w.parked, i, i+1)
	w.mu.Unlock()
	w.steps.up()
	if p.run != nil {
		p.run(crashed)
	} else if !crashed {
		w.trace("%s", p.key)
	}
	close(p.on)
	return true
}

// wait lets time pass.
func (w *world) wait(d time.Duration) {
	w.steps.up()
	w.trace("wait %v", d)
	time.Sleep(d)
	w.quiesce()
}

// until lets goroutines go on until done is closed, and reports whether it was. It returns false at the step crashAt,
// unless that is 0.
func (w *world) until(done <-chan struct{}, crashAt int) bool {
	for idle := 0; ; {
		w.quiesce()
		select {
		case <-done:
			return true
		default:
		}
		if crashAt > 0 && w.steps.get() >= crashAt {
			return false
		}
		if w.resumeOne(false) {
			idle = 0
			continue
		}
		if idle++; idle > 1000 {
			panic("simulation: no goroutine goes on any more")
		}
		w.wait(10 * time.Millisecond << min(idle, 8))
	}
}

// run starts f in a goroutine, at whose end the channel is closed.
func (w *world) run(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() { // the world's; it goes on as the driver lets it, and ends at the latest when the disk dies
		defer close(done)
		f()
	}()
	return done
}

// crash ends the present incarnation: the process is killed, or the power is cut. Whatever waited for the disk finds it
// dead. end waits for the goroutines of the server.
func (w *world) crash(power bool, end func()) {
	w.trace("crash, power %v", power)
	w.fs.End()
	w.crashes++
	w.model.dead.Store(true)
	w.mu.Lock()
	n := len(w.parked)
	w.mu.Unlock()
	for range n {
		w.resumeOne(true)
	}
	if power {
		w.fs = w.fs.Cut()
	} else {
		w.fs = w.fs.Kill()
	}
	w.faultProfile = faultProfile{}
	w.awaitEnd(end)
	w.model.restart()
}

// awaitEnd waits until all goroutines of a dead server have ended. Their order is left to chance, and has no effect: it
// always takes one minute and no step.
func (w *world) awaitEnd(end func()) {
	steps, began := w.steps.get(), time.Now()
	defer func() {
		w.steps.set(steps)
		w.reseed()
		w.lastLook = machineTime()
		for took := time.Since(began); ; took -= time.Minute {
			if took < time.Minute {
				time.Sleep(time.Minute - took)
				return
			}
		}
	}()
	gone := w.run(end)
	for n := 0; ; n++ {
		synctest.Wait()
		select {
		case <-gone:
			return
		default:
		}
		if w.resumeOne(true) {
			continue
		}
		if n > 10_000 {
			panic("simulation: a dead server does not end")
		}
		time.Sleep(10*time.Millisecond + 1)
	}
}
