package simulation

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"verbatim/persistence/disk"
)

// powerFS is a file system in memory whose power can be cut. It keeps, beside what programs see, what of it is on the
// disk: sectors that were synced, and names whose folder was. A sync that fails behaves as Linux does: the pages
// count as clean after it, the disk has some of them, or none, and reading gives what was written, or what the disk has.
//
// Every call but those that only look waits for the driver, which also carries it out. After a crash the file system is
// dead for ever: whoever still uses it changes nothing, and the next life gets another one.
type powerFS struct {
	w      *world
	random *rand.Rand // the driver's

	mu      sync.Mutex
	names   map[string]*inode // by path, as programs see them; folders too
	disk    map[string]*inode // by path, as a power cut leaves them
	removed map[string]bool   // names that were removed since their folder was synced
	ending  bool              // nobody begins anything more
	dead    bool              // and nothing that was begun is carried out
	locked  bool
	weather weather
}

const sector = 512

// inode is a file, or a folder.
type inode struct {
	folder bool
	data   []byte // as programs see it
	disk   []byte // as a power cut leaves it
	dirty  []bool // sectors of data, or beyond it, that are not on the disk
}

var errPower = errors.New("the power is off")

func newPowerFS(w *world, random *rand.Rand) *powerFS {
	root := &inode{folder: true}
	return &powerFS{
		w: w, random: random, removed: make(map[string]bool),
		names: map[string]*inode{"/": root}, disk: map[string]*inode{"/": root},
	}
}

// do lets the driver carry out a call when its turn comes.
func (p *powerFS) do(op, name, detail string, run func() error) (err error) {
	p.mu.Lock()
	dead := p.ending
	p.mu.Unlock()
	if dead {
		return errPower
	}
	p.w.park(op+" "+name+detail, func(crashed bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if crashed || p.dead {
			err = errPower
			return
		}
		err = run()
		if p.w.tracing {
			p.w.trace("%s %s%s: %s", op, name, detail, outcome(err))
		}
	})
	return err
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

// look is for calls that only look: they wait for nobody.
func (p *powerFS) look(op, name string, off int64) error {
	if p.ending {
		return errPower
	}
	if n := p.weather.read; n > 0 && !p.w.calm && p.w.hash(op, name, off)%uint64(n) == 0 {
		p.w.misread++
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	return nil
}

func (p *powerFS) Open(name string, flag int) (disk.File, error) {
	var n *inode
	err := p.do("open", name, fmt.Sprintf(" %x", flag), func() error {
		if err := p.fault("open", name); err != nil {
			return err
		}
		n = p.names[name]
		if n == nil {
			parent := p.names[path.Dir(name)]
			if flag&os.O_CREATE == 0 || parent == nil {
				return fs.ErrNotExist
			}
			if p.full() {
				return syscall.ENOSPC
			}
			n = &inode{}
			p.names[name] = n
		}
		if flag&os.O_TRUNC != 0 {
			n.truncate(0)
		}
		return nil
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &powerFile{p, n, name}, nil
}

func (p *powerFS) Rename(from, to string) error {
	return p.do("rename", from, " to "+path.Base(to), func() error {
		if err := p.fault("rename", from); err != nil {
			return err
		}
		if p.names[from] == nil {
			return fs.ErrNotExist
		}
		p.names[to] = p.names[from]
		delete(p.names, from)
		p.removed[from] = true
		return nil
	})
}

func (p *powerFS) Remove(name string) error {
	return p.do("remove", name, "", func() error {
		if err := p.fault("remove", name); err != nil {
			return err
		}
		if p.names[name] == nil {
			return fs.ErrNotExist
		}
		delete(p.names, name)
		p.removed[name] = true
		return nil
	})
}

func (p *powerFS) MakeDir(name string) error {
	return p.do("mkdir", name, "", func() error {
		switch {
		case p.names[name] != nil:
			return fs.ErrExist
		case p.names[path.Dir(name)] == nil:
			return fs.ErrNotExist
		}
		if err := p.fault("mkdir", name); err != nil {
			return err
		}
		p.names[name] = &inode{folder: true}
		return nil
	})
}

func (p *powerFS) SyncDir(name string) error {
	return p.do("syncdir", name, "", func() error {
		if p.names[name] == nil {
			return fs.ErrNotExist
		}
		if err := p.fault("syncdir", name); err != nil {
			p.settle(name, p.chance())
			return err
		}
		p.settle(name, 1)
		return nil
	})
}

func (p *powerFS) ReadFile(name string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.names[name]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	if err := p.look("readfile", name, 0); err != nil {
		return nil, err
	}
	return slices.Clone(n.data), nil
}

func (p *powerFS) Names(dir string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names[dir] == nil {
		return nil, fs.ErrNotExist
	}
	if err := p.look("names", dir, 0); err != nil {
		return nil, err
	}
	var names []string
	for name := range p.names {
		if path.Dir(name) == dir && name != dir {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// lock is held until it is closed, or its file system dies.
type lock struct{ p *powerFS }

func (p *powerFS) Lock(string) (io.Closer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.locked {
		return nil, errors.New("another server uses the directory")
	}
	p.locked = true
	return lock{p}, nil
}

func (l lock) Close() error {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.p.locked = false
	return nil
}

func (p *powerFS) Locked(string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.locked
}

// chance is how much of what is not on the disk gets there: nothing, all, or some.
func (p *powerFS) chance() float64 {
	return []float64{0, 0.1, 0.5, 0.9, 1}[p.random.IntN(5)]
}

// settle brings name changes of a folder to the disk, each with that chance. mu is held.
func (p *powerFS) settle(dir string, chance float64) {
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
		case chance < 1 && p.removed[name] && p.random.IntN(3) == 0: // removed, and made again: only the first has arrived
			delete(p.disk, name)
		}
	}
	if chance == 1 {
		maps.DeleteFunc(p.removed, func(name string, _ bool) bool { return path.Dir(name) == dir })
	}
}

// writeBack brings some of some file to the disk, as the kernel does when it likes.
func (p *powerFS) writeBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := slices.Sorted(maps.Keys(p.names))
	if n := p.names[names[p.random.IntN(len(names))]]; !n.folder {
		n.persist(p.random, p.chance(), true)
	}
}

// end lets nobody begin anything more: what is under way the driver ends.
func (p *powerFS) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = true
}

// kill ends the process: what it has written is in the page cache, and the next life finds it.
func (p *powerFS) kill() *powerFS {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending, p.dead = true, true
	return &powerFS{w: p.w, random: p.random, names: p.names, disk: p.disk, removed: p.removed}
}

// cut switches the power off: what was synced is there afterwards, and of the rest what the kernel happened to have
// written, in no order.
func (p *powerFS) cut() *powerFS {
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
			p.settle(name, chance)
		}
	}
	after := newPowerFS(p.w, p.random)
	for _, name := range slices.Sorted(maps.Keys(p.disk)) { // a folder stands before what is in it
		n := p.disk[name]
		if name == "/" || after.disk[path.Dir(name)] == nil {
			continue
		}
		fresh := &inode{folder: n.folder, data: slices.Clone(n.disk), disk: slices.Clone(n.disk)}
		after.names[name], after.disk[name] = fresh, fresh
	}
	return after
}

// spoil removes a file, or alters a byte of it.
func (p *powerFS) spoil(name string) {
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
	p.w.trace("spoil %s", name)
}

// list shows what is there, for a failure's report.
func (p *powerFS) list() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		n := p.names[name]
		fmt.Fprintf(&b, "%s: %d bytes, on the disk %d, name on the disk: %v\n", name, len(n.data), len(n.disk), p.disk[name] == n)
	}
	return b.String()
}
