package vfstest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// chance is how much of what is not on the disk gets there: nothing, all, or some.
func (p *FS) chance() float64 {
	return []float64{0, 0.1, 0.5, 0.9, 1}[p.random.IntN(5)]
}

// syncNames brings name changes of a folder to the disk, each with that chance. mu is held.
func (p *FS) syncNames(dir string, chance float64) {
	for _, name := range slices.Sorted(maps.Keys(p.disk)) {
		if path.Dir(name) == dir && p.names[name] == nil && p.random.Float64() < chance {
			delete(p.disk, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		switch {
		case path.Dir(name) != dir || p.disk[name] == p.names[name]:
		case p.random.Float64() < chance:
			p.disk[name] = p.names[name]
		case chance < 1 && p.removed[name] && p.random.IntN(3) == 0:
			// It was removed, and made again: only the first has arrived.
			delete(p.disk, name)
		}
	}
	if chance == 1 {
		maps.DeleteFunc(p.removed, func(name string, _ bool) bool { return path.Dir(name) == dir })
	}
}

// WriteBack brings some of some file to the disk, as the kernel does when it likes.
func (p *FS) WriteBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := slices.Sorted(maps.Keys(p.names))
	if n := p.names[names[p.random.IntN(len(names))]]; !n.folder {
		n.persist(p.random, p.chance(), true)
	}
}

// End lets no call begin any more. Those that have begun the driver ends.
func (p *FS) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = true
}

// Off makes every call fail from here on, so that a record that goes on for a moment changes nothing.
func (p *FS) Off() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending, p.dead = true, true
}

// IsOff reports whether every call fails.
func (p *FS) IsOff() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// Kill ends the process, as kill -9 does, and returns the file system that the next one finds: what was written is in
// the page cache. It has the same driver.
func (p *FS) Kill() *FS {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending, p.dead = true, true
	return &FS{driver: p.driver, random: p.random, names: p.names, disk: p.disk, removed: p.removed}
}

// Cut switches the power off, and returns the file system that is there afterwards, with the same driver: what was
// synced, and of the rest what the kernel happened to have written, in no order.
func (p *FS) Cut() *FS {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending, p.dead = true, true
	all := make(map[*inode]bool)
	for _, names := range []map[string]*inode{p.disk, p.names} {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if n := names[name]; !all[n] {
				all[n] = true
				n.persist(p.random, p.chance(), false)
			}
		}
	}

	chance := p.chance()
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		if p.names[name].folder {
			p.syncNames(name, chance)
		}
	}

	after := New(p.random, p.driver)
	for _, name := range slices.Sorted(maps.Keys(p.disk)) { // a folder comes before what is in it
		n := p.disk[name]
		if name == "/" || after.disk[path.Dir(name)] == nil {
			continue
		}
		fresh := &inode{folder: n.folder, data: slices.Clone(n.disk), disk: slices.Clone(n.disk)}
		after.names[name], after.disk[name] = fresh, fresh
	}
	return after
}

// Spoil removes a file, or alters a byte of it.
func (p *FS) Spoil(name string) {
	n := p.names[name]
	switch {
	case n == nil:
	case p.random.IntN(2) == 0 || len(n.data) == 0:
		delete(p.names, name)
		delete(p.disk, name)
	default:
		n.data[p.random.IntN(len(n.data))] ^= 1 << p.random.IntN(8)
		n.disk = slices.Clone(n.data)
	}
}

// String lists what is there, for a failure's report.
func (p *FS) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		n := p.names[name]
		fmt.Fprintf(&b, "%s: %d bytes, on the disk %d, name on the disk: %v\n",
			name, len(n.data), len(n.disk), p.disk[name] == n)
	}
	return b.String()
}
