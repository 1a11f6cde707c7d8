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

// world is one seed's: its disk, its time, and who goes on when. Its driver is the bubble's main goroutine.
type world struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand // the driver's alone
	fs     *vfstest.FS
	model  *model
	habits habits

	weather weather // of the present life; the file system's lock guards it

	// Written by the driver while everybody else waits.
	steps   number
	calm    atomic.Bool // nothing fails
	faults  number      // calls that have failed so far, but for reads
	crashes int
	late    number // syncs that have failed for what went wrong before them, on a disk that may be well by now
	misread number // reads that have failed
	tracing bool
	lines   []string      // of the trace
	looked  time.Duration // when the driver last began or ended to wait, by the machine's clock
	held    bool          // somebody may have been preempted: see look

	mu     sync.Mutex
	parked []*parked // who waits for the driver, by key
	failed []string  // promises that were broken
}

// number is one that the driver counts, and others read: atomic for the race detector's sake, which does not know that
// they wait for each other.
type number struct{ atomic.Int64 }

func (n *number) up()       { n.Add(1) }
func (n *number) get() int  { return int(n.Load()) }
func (n *number) set(v int) { n.Store(int64(v)) }

// parked is somebody who waits until the driver lets it go on.
type parked struct {
	key string
	run func(crashed bool) // by the driver, at that moment; nil: nothing
	on  chan struct{}      // closed then
}

func newWorld(t *testing.T, seed uint64, tracing bool) *world {
	w := &world{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 17)), tracing: tracing}
	w.fs = vfstest.New(w.random, w.driver())
	w.model = newModel(w)
	w.looked = machineTime()
	return w
}

// reseed makes crypto/rand give the same from here on in each run.
func (w *world) reseed() { cryptotest.SetGlobalRandom(w.t, w.seed<<20+uint64(w.steps.get())) }

// hash draws from the seed by what is asked, and not by who asks first.
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

// fail notes a broken promise. It may be called from any goroutine.
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

// park waits for the driver, which runs run when it lets the caller go on.
func (w *world) park(key string, run func(crashed bool)) { <-w.line(key, run).on }

// line puts somebody among those who wait.
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

// parkUnless is park that returns without having gone on where stop is closed.
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

// settle waits until everybody waits, for the driver or for time to pass. Some nanoseconds pass at each step, so that
// what happens at two steps is never due at the same instant: who comes first then synctest leaves to chance.
func (w *world) settle() {
	w.look()
	time.Sleep(time.Duration(1 + w.random.IntN(999)))
	synctest.Wait()
	w.look()
}

// look notes whether somebody may have been preempted since the last look: the runtime does that to who has run for
// 10 ms without a pause.
func (w *world) look() {
	now := machineTime()
	w.held = w.held || now-w.looked > 9*time.Millisecond
	w.looked = now
}

// machineTime is the machine's clock: time.Now is the bubble's. On Linux it is read without a call of the system, in
// which the runtime could give the processor away.
func machineTime() time.Duration {
	var now syscall.Timeval
	_ = syscall.Gettimeofday(&now) // fails for a bad pointer alone
	return time.Duration(now.Nano())
}

// letOn lets one of those go on who wait, and says whether there was one.
func (w *world) letOn(crashed bool) bool {
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
	w.settle()
}

// until lets everybody go on until done is closed, and says whether that came to pass. crashAt is the step at which
// the world is to end meanwhile; 0: it is not.
func (w *world) until(done <-chan struct{}, crashAt int) bool {
	for idle := 0; ; {
		w.settle()
		select {
		case <-done:
			return true
		default:
		}
		if crashAt > 0 && w.steps.get() >= crashAt {
			return false
		}
		if w.letOn(false) {
			idle = 0
			continue
		}
		if idle++; idle > 1000 {
			panic("simulation: nothing goes on any more")
		}
		w.wait(10 * time.Millisecond << min(idle, 8))
	}
}

// run starts f in a goroutine, whose end is the channel's closing.
func (w *world) run(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() { defer close(done); f() }() // the world's own; it goes on as the driver lets it, or as the disk dies
	return done
}

// crash ends the present life: the process is killed, or the power is cut. Everybody who waited for the disk finds it
// dead; end, which waits for what was the server, sees to it that they are gone.
func (w *world) crash(power bool, end func()) {
	w.trace("crash, power %v", power)
	w.fs.End()
	w.crashes++
	w.model.dead.Store(true)
	w.mu.Lock()
	n := len(w.parked)
	w.mu.Unlock()
	for range n {
		w.letOn(true)
	}
	if power {
		w.fs = w.fs.Cut()
	} else {
		w.fs = w.fs.Kill()
	}
	w.weather = weather{}
	w.bury(end)
	w.model.rise()
}

// bury waits until a dead server is gone.
//
// How it goes is left to chance, and is of no consequence: it takes a minute, and no step.
func (w *world) bury(end func()) {
	steps, began := w.steps.get(), time.Now()
	defer func() {
		w.steps.set(steps)
		w.reseed()
		w.looked = machineTime()
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
		if w.letOn(true) {
			continue
		}
		if n > 10_000 {
			panic("simulation: a dead server does not end")
		}
		time.Sleep(10*time.Millisecond + 1)
	}
}
