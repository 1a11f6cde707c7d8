package vfstest

import (
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"syscall"
)

// file is an open file of an FS.
type file struct {
	p    *FS
	n    *inode
	name string
}

// WriteAt writes b, or the part of it that a fault leaves.
func (f *file) WriteAt(b []byte, off int64) (n int, err error) {
	f.p.mu.Lock()
	dead := f.p.ending
	f.p.mu.Unlock()
	if dead {
		return 0, ErrPower
	}

	f.p.carryOut(fmt.Sprintf("write %s @%d", f.name, off), func(crashed bool) {
		f.p.mu.Lock()
		defer f.p.mu.Unlock()
		switch {
		case f.p.dead:
			err = ErrPower
		case crashed: // it was under way
			f.n.write(b[:f.p.random.IntN(len(b)+1)], off)
			err = ErrPower
		default:
			n, err = f.p.faultyWrite(f, len(b), off)
			f.n.write(b[:n], off)
			if f.p.driver.Trace != nil {
				sum := crc32.ChecksumIEEE(b)
				f.p.driver.Trace("write %s @%d +%d #%x: %d %s", f.name, off, len(b), sum, n, outcome(err))
			}
		}
	})
	return n, err
}

// faultyWrite returns how many bytes of a write are written, and what the program is told. mu is held.
func (p *FS) faultyWrite(f *file, size int, off int64) (int, error) {
	if err := p.fault("write", f.name); err != nil {
		n := p.random.IntN(size + 1)
		if p.random.IntN(4) == 0 && !p.dead {
			err = nil // a short write
			n = p.random.IntN(max(size, 1))
		}
		return n, err
	}
	room := int64(len(f.n.data)) - off // what the file has already can be written
	if room < int64(size) && p.full() {
		return int(max(0, room)), &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return size, nil
}

// ReadAt reads what programs see.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	if f.p.driver.ReadWaits != nil && f.p.driver.ReadWaits(f.name, off) {
		err := f.p.do("read", f.name, fmt.Sprintf(" @%d +%d", off, len(b)), func() error { return nil })
		if err != nil {
			return 0, err
		}
	}
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if err := f.p.look("read", f.name, off); err != nil {
		return 0, err
	}
	if f.p.driver.Trace != nil {
		f.p.driver.Trace("reads %s @%d +%d", f.name, off, len(b))
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
func (f *file) StartSync() {}

// Sync brings the file to the disk. Where it fails, some of it is there, and the rest counts as clean.
func (f *file) Sync() error {
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
			if f.p.driver.Late != nil {
				f.p.driver.Late()
			}
			return &fs.PathError{Op: "sync", Path: f.name, Err: syscall.EIO}
		}
		return nil
	})
}

// Truncate sets the size. Its fault is that of a write.
func (f *file) Truncate(size int64) error {
	return f.p.do("truncate", f.name, fmt.Sprintf(" to %d", size), func() error {
		if err := f.p.fault("write", f.name); err != nil {
			return err
		}
		f.n.truncate(size)
		return nil
	})
}

// Size returns the size that programs see.
func (f *file) Size() (int64, error) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.p.ending {
		return 0, ErrPower
	}
	return int64(len(f.n.data)), nil
}

// Close does nothing.
func (f *file) Close() error { return nil }

const sector = 512

// inode is a file, or a folder.
type inode struct {
	folder bool
	data   []byte // as programs see it
	disk   []byte // as a power cut leaves it
	dirty  []bool // sectors of data, or beyond it, that are not on the disk
	failed bool   // some were lost on the way to the disk, and its own next sync tells of it
}

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

// persist brings dirty sectors to the disk, each with that chance, and counts them as clean if clean is set.
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
