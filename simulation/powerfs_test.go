package simulation

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"slices"
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
	failed bool   // some were lost on the way to the disk, and its own next sync tells of it
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
	if n := p.weather.read; n > 0 && !p.w.calm.Load() && p.w.hash(op, name, off)%uint64(n) == 0 {
		p.w.misread.up()
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

func (p *powerFS) Locked(string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.locked, nil
}

// Space is without end: that a disk is full, its calls say when they are made.
func (p *powerFS) Space(string) (int64, error) { return math.MaxInt64, nil }
