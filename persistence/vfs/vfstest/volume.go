package vfstest

import (
	"maps"
	"slices"

	"verbatim/persistence/vfs"
)

// volume syncs every file of an FS by one call. Where that fails, some files' bytes are lost: each of those tells of it
// at its own next sync, and the volume never again. The others may be on the disk, or not yet.
type volume struct{ p *FS }

// Volume is vfs.FS's.
func (p *FS) Volume(string) (vfs.Volume, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.driver.Volume == nil {
		return nil, 0
	}
	from := p.driver.Volume()
	if from == 0 {
		return nil, 0
	}
	return volume{p}, from
}

// Sync is vfs.Volume's.
func (v volume) Sync() error {
	p := v.p
	return p.do("syncfs", "/", "", func() error {
		err := p.fault("sync", "/")
		for _, name := range slices.Sorted(maps.Keys(p.names)) {
			n := p.names[name]
			switch {
			case n.folder:
			case err == nil:
				n.persist(p.random, 1, true)
			case p.random.IntN(2) == 0 && slices.Contains(n.dirty, true):
				n.persist(p.random, p.chance(), false)
				if p.random.IntN(3) == 0 {
					n.evict()
				}
				clear(n.dirty) // the kernel counts them as written
				n.failed = true
			default:
				n.persist(p.random, p.chance(), true)
			}
		}
		return err
	})
}

// Close is vfs.Volume's.
func (v volume) Close() error { return nil }
