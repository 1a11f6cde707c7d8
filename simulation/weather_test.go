package simulation

import (
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"syscall"
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

func (p *powerFS) one(n int) bool { return n > 0 && !p.w.calm.Load() && p.random.IntN(n) == 0 }

// fault says whether a call fails. mu is held.
func (p *powerFS) fault(op, name string) error {
	n := p.weather.name
	switch op {
	case "write":
		n = p.weather.write
	case "sync":
		n = p.weather.sync
	case "open":
		n = p.weather.open
	}
	if p.one(n) {
		p.w.faults.up()
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	return nil
}

// full says whether there is no room for anything new. mu is held.
func (p *powerFS) full() bool {
	switch {
	case p.w.calm.Load():
		p.weather.fullFor = 0
	case p.weather.fullFor > 0:
		p.weather.fullFor--
	case p.one(p.weather.full):
		p.weather.fullFor = p.random.IntN(100)
	default:
		return false
	}
	if p.w.calm.Load() {
		return false
	}
	p.w.faults.up()
	return true
}

// faultyWrite says how many bytes of a write are written, and what the program is told. mu is held.
func (p *powerFS) faultyWrite(f *powerFile, size int, off int64) (int, error) {
	if err := p.fault("write", f.name); err != nil {
		n := p.random.IntN(size + 1)
		if p.random.IntN(4) == 0 {
			err = nil // a short write
			n = p.random.IntN(max(size, 1))
		}
		return n, err
	}
	if room := int64(len(f.n.data)) - off; room < int64(size) && p.full() { // what the file has already can be written
		return int(max(0, room)), &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return size, nil
}

func checksum(b []byte) uint32 { return crc32.ChecksumIEEE(b) }
