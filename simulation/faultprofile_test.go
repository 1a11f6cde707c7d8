package simulation

import (
	"io/fs"
	"math/rand/v2"
	"syscall"

	"verbatim/persistence/vfs/vfstest"
)

// faultProfile is which faults the disk has during one incarnation. Each number n makes one call in n fail; 0: none.
type faultProfile struct {
	write, sync, open, name, read int
	full                          int // one call in n makes the disk full for a while
	fullFor                       int // calls until it is not
	volume                        int // from how many files on the whole file system is synced; 0: it cannot be
}

func drawFaultProfile(random *rand.Rand) (w faultProfile) {
	some := func(n int) int {
		if random.IntN(2) == 0 {
			return 0
		}
		return n + random.IntN(4*n)
	}
	w.volume = random.IntN(4)
	switch random.IntN(8) {
	case 0, 1, 2: // no faults
	case 3: // the hardest for the journal
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

// driver lets the world decide the calls of a file system.
func (w *world) driver() vfstest.Driver {
	d := vfstest.Driver{
		Do: w.park, Fault: w.fault, Misread: w.readFault, Full: w.full,
		// Most reads go on at once: parking them costs time, and shows little.
		ReadWaits: func(path string, off int64) bool { return w.hash("park", path, off)%8 == 0 },
		Volume:    func() int { return w.faultProfile.volume },
		Late:      func() { w.faults.up(); w.lateFaults.up() },
	}
	if w.tracing {
		d.Trace = w.trace
	}
	return d
}

// one reports whether the seed draws a fault of one call in n.
func (w *world) one(n int) bool { return n > 0 && !w.healthy.Load() && w.random.IntN(n) == 0 }

// fault returns the error of a call, or nil.
func (w *world) fault(op, name string) error {
	n := w.faultProfile.name
	switch op {
	case "write":
		n = w.faultProfile.write
	case "sync":
		n = w.faultProfile.sync
	case "open":
		n = w.faultProfile.open
	}
	if w.one(n) {
		w.faults.up()
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	return nil
}

// readFault returns the error of a read, or nil. The reading goroutine calls it.
func (w *world) readFault(op, name string, off int64) error {
	if n := w.faultProfile.read; n > 0 && !w.healthy.Load() && w.hash(op, name, off)%uint64(n) == 0 {
		w.readFaults.up()
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	return nil
}

// full reports whether the disk has no room for anything new.
func (w *world) full() bool {
	switch {
	case w.healthy.Load():
		w.faultProfile.fullFor = 0
	case w.faultProfile.fullFor > 0:
		w.faultProfile.fullFor--
	case w.one(w.faultProfile.full):
		w.faultProfile.fullFor = w.random.IntN(100)
	default:
		return false
	}
	if w.healthy.Load() {
		return false
	}
	w.faults.up()
	return true
}
