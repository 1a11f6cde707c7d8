package simulation

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"syscall"
)

// powerFile is an open file of a powerFS.
type powerFile struct {
	p    *powerFS
	n    *inode
	name string
}

func (f *powerFile) WriteAt(b []byte, off int64) (n int, err error) {
	f.p.mu.Lock()
	dead := f.p.ending
	f.p.mu.Unlock()
	if dead {
		return 0, errPower
	}
	f.p.w.park(fmt.Sprintf("write %s @%d", f.name, off), func(crashed bool) {
		f.p.mu.Lock()
		defer f.p.mu.Unlock()
		switch {
		case f.p.dead:
			err = errPower
		case crashed: // it was under way
			f.n.write(b[:f.p.random.IntN(len(b)+1)], off)
			err = errPower
		default:
			n, err = f.p.faultyWrite(f, len(b), off)
			f.n.write(b[:n], off)
			if f.p.w.tracing {
				f.p.w.trace("write %s @%d +%d #%x: %d %s", f.name, off, len(b), checksum(b), n, outcome(err))
			}
		}
	})
	return n, err
}

func (f *powerFile) ReadAt(b []byte, off int64) (int, error) {
	if f.p.w.hash("park", f.name, off)%8 == 0 { // most readers go on at once: it costs time, and shows little
		if err := f.p.do("read", f.name, fmt.Sprintf(" @%d +%d", off, len(b)), func() error { return nil }); err != nil {
			return 0, err
		}
	}
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if err := f.p.look("read", f.name, off); err != nil {
		return 0, err
	}
	if f.p.w.tracing {
		f.p.w.trace("reads %s @%d +%d", f.name, off, len(b))
	}
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.n.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// StartSync may write anything, or nothing: what reaches the disk before a sync is drawn when the power goes.
func (f *powerFile) StartSync() {}

func (f *powerFile) Sync() error {
	return f.p.do("sync", f.name, "", func() error {
		if err := f.p.fault("sync", f.name); err != nil {
			f.n.persist(f.p.random, f.p.chance(), false)
			if f.p.random.IntN(3) == 0 {
				f.n.evict()
			}
			clear(f.n.dirty) // the kernel counts them as written
			return err
		}
		f.n.persist(f.p.random, 1, true)
		if f.n.failed {
			f.n.failed = false
			f.p.w.faults.up()
			f.p.w.late.up()
			return &fs.PathError{Op: "sync", Path: f.name, Err: syscall.EIO}
		}
		return nil
	})
}

func (f *powerFile) Truncate(size int64) error {
	return f.p.do("truncate", f.name, fmt.Sprintf(" to %d", size), func() error {
		if err := f.p.fault("write", f.name); err != nil {
			return err
		}
		f.n.truncate(size)
		return nil
	})
}

func (f *powerFile) Size() (int64, error) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.p.ending {
		return 0, errPower
	}
	return int64(len(f.n.data)), nil
}

func (f *powerFile) Close() error { return nil }

func (n *inode) mark(from, to int64) {
	for int64(len(n.dirty)) <= to/sector {
		n.dirty = append(n.dirty, false)
	}
	for at := from / sector; at*sector < to; at++ {
		n.dirty[at] = true
	}
}

func (n *inode) write(b []byte, off int64) {
	if len(b) == 0 {
		return
	}
	end := off + int64(len(b))
	n.mark(min(off, int64(len(n.data))), end)
	if grow := int(end) - len(n.data); grow > 0 {
		n.data = append(n.data, make([]byte, grow)...)
	}
	copy(n.data[off:], b)
}

func (n *inode) truncate(size int64) {
	n.mark(size, max(int64(len(n.data)), size+1))
	if size < int64(len(n.data)) {
		n.data = n.data[:size:size]
	} else {
		n.data = append(n.data, make([]byte, size-int64(len(n.data)))...)
	}
}

// evict lets go of the page cache: what is not on the disk is read as what is.
func (n *inode) evict() {
	for at, dirty := range n.dirty {
		if start, end := at*sector, min((at+1)*sector, len(n.data)); dirty && start < end {
			clear(n.data[start:end])
			copy(n.data[start:end], n.disk[min(start, len(n.disk)):])
		}
	}
}

// persist brings dirty sectors to the disk, each with that chance, and counts them as clean where clean says so.
func (n *inode) persist(random *rand.Rand, chance float64, clean bool) {
	any := false
	for at, dirty := range n.dirty {
		if !dirty {
			continue
		}
		any = true
		if chance < 1 && random.Float64() >= chance {
			continue
		}
		start, end := at*sector, min((at+1)*sector, len(n.data))
		if start < end {
			if grow := end - len(n.disk); grow > 0 {
				n.disk = append(n.disk, make([]byte, grow)...)
			}
			copy(n.disk[start:end], n.data[start:end])
		}
		if clean {
			n.dirty[at] = false
		}
	}
	if size := len(n.data); any && (chance == 1 || random.Float64() < chance) {
		if grow := size - len(n.disk); grow > 0 {
			n.disk = append(n.disk, make([]byte, grow)...)
		}
		n.disk = n.disk[:size:size]
	} else if any && clean { // the size is not there yet
		n.mark(int64(max(size-1, 0)), int64(size)+1)
	}
}
