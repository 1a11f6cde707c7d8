package simulation

import (
	"io/fs"
	"math/rand/v2"
	"syscall"

	"verbatim/persistence/vfs/vfstest"
)

// weather is how the disk fares during one life: each number n makes one call in n fail; 0: none.
type weather struct {
	write, sync, open, name, read int
	full                          int // the disk is full for a while after one call in n
	fullFor                       int // calls for which it still is
	volume                        int // from how many files on the volume is synced as a whole; 0: it cannot be
}

func drawWeather(random *rand.Rand) (w weather) {
	some := func(n int) int {
		if random.IntN(2) == 0 {
			return 0
		}
		return n + random.IntN(4*n)
	}
	w.volume = random.IntN(4)
	switch random.IntN(8) {
	case 0, 1, 2: // fair
	case 3: // the journal's worst
		w.sync = 3 + random.IntN(20)
	case 4:
		w.full = 20 + random.IntN(100)
	case 5:
		w.write, w.sync = some(10), some(10)
	case 6:
		w.read, w.open = some(40), some(20)
	default:
		w.write, w.sync, w.open, w.name, w.read, w.full = some(30), some(20), some(30), some(20), some(200), some(200)
	}
	return w
}

// driver lets the world say what becomes of the calls of a file system.
func (w *world) driver() vfstest.Driver {
	d := vfstest.Driver{
		Do: w.park, Fault: w.fault, Misread: w.misreads, Full: w.full,
		// Most readers go on at once: to hold them up costs time, and shows little.
		ReadWaits: func(path string, off int64) bool { return w.hash("park", path, off)%8 == 0 },
		Volume:    func() int { return w.weather.volume },
		Late:      func() { w.faults.up(); w.late.up() },
	}
	if w.tracing {
		d.Trace = w.trace
	}
	return d
}

func (w *world) one(n int) bool { return n > 0 && !w.calm.Load() && w.random.IntN(n) == 0 }

// fault returns the error of a call, or nil.
func (w *world) fault(op, name string) error {
	n := w.weather.name
	switch op {
	case "write":
		n = w.weather.write
	case "sync":
		n = w.weather.sync
	case "open":
		n = w.weather.open
	}
	if w.one(n) {
		w.faults.up()
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	return nil
}

// misreads returns the error of a call that only looks, or nil. It is called by whoever looks.
func (w *world) misreads(op, name string, off int64) error {
	if n := w.weather.read; n > 0 && !w.calm.Load() && w.hash(op, name, off)%uint64(n) == 0 {
		w.misread.up()
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	return nil
}

// full reports whether there is no room for anything new.
func (w *world) full() bool {
	switch {
	case w.calm.Load():
		w.weather.fullFor = 0
	case w.weather.fullFor > 0:
		w.weather.fullFor--
	case w.one(w.weather.full):
		w.weather.fullFor = w.random.IntN(100)
	default:
		return false
	}
	if w.calm.Load() {
		return false
	}
	w.faults.up()
	return true
}
