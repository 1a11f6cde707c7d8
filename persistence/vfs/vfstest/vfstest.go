// Package vfstest is file systems for tests: FS, in memory, whose power can be cut, and Faults, which makes calls on
// another one fail. What fails, and when, the test says.
package vfstest

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

	"verbatim/persistence/vfs"
)

// FS is a file system in memory whose power can be cut. It keeps, beside what programs see, what of it is on the disk:
// sectors that were synced, and names whose folder was. A sync that fails behaves as Linux does: the pages count as
// clean after it, the disk has some of them, or none, and reading returns what was written, or what the disk has.
//
// After Off, Kill or Cut the file system is dead for ever: what still uses it changes nothing. The next life gets
// another one. Its methods may be called from any goroutine, but for Kill, Cut and Spoil, which the test calls when
// nothing else is under way.
type FS struct {
	driver Driver
	random *rand.Rand // guarded by mu

	mu sync.Mutex
	// Guarded by mu.
	names   map[string]*inode // by path, as programs see them; folders too
	disk    map[string]*inode // by path, as a power cut leaves them
	removed map[string]bool   // names that were removed since their folder was synced
	ending  bool              // no call begins any more
	dead    bool              // and none that has begun is carried out
	locked  bool
}

var _ vfs.FS = (*FS)(nil)

// Driver says what becomes of the calls of an FS. The zero value carries out each at once, and none fails.
type Driver struct {
	// Do carries out a call that changes something, or waits for the disk, and returns after that. crashed says that
	// the power went meanwhile: it is carried out in part, or not at all. nil: at once.
	Do func(call string, carryOut func(crashed bool))

	// Fault returns the error of an open, write, sync, rename, remove, mkdir or syncdir, or nil. One that is ErrPower
	// is the last thing that happens: it ends the file system as Off does. It is called with the file system locked.
	Fault func(op, path string) error

	// Misread is Fault of a read, readfile or names. It is called by the reader itself, with the file system locked.
	Misread func(op, path string, off int64) error

	Full      func() bool                       // there is no room for anything new; nil: there is
	ReadWaits func(path string, off int64) bool // the read goes through Do; nil: none does
	Volume    func() int                        // from how many files on the volume is synced; 0 or nil: it cannot be
	Late      func()                            // is told of each sync that fails for what went wrong before it
	Trace     func(format string, args ...any)  // is told of each call that is carried out; nil: nobody wants to know
}

// ErrPower is the error of every call once the power is off.
var ErrPower = errors.New("the power is off")

// New returns an empty file system. All that is left to chance is drawn from random.
func New(random *rand.Rand, driver Driver) *FS {
	root := &inode{folder: true}
	return &FS{
		driver: driver, random: random, removed: make(map[string]bool),
		names: map[string]*inode{"/": root}, disk: map[string]*inode{"/": root},
	}
}

// SetFault replaces the driver's Fault.
func (p *FS) SetFault(fault func(op, path string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.driver.Fault = fault
}

// SetMisread replaces the driver's Misread.
func (p *FS) SetMisread(misread func(op, path string, off int64) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.driver.Misread = misread
}

// do lets the driver carry out a call.
func (p *FS) do(op, name, detail string, run func() error) (err error) {
	p.mu.Lock()
	dead := p.ending
	p.mu.Unlock()
	if dead {
		return ErrPower
	}

	p.carryOut(op+" "+name+detail, func(crashed bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if crashed || p.dead {
			err = ErrPower
			return
		}
		err = run()
		if p.driver.Trace != nil {
			p.driver.Trace("%s %s%s: %s", op, name, detail, outcome(err))
		}
	})
	return err
}

func (p *FS) carryOut(call string, run func(crashed bool)) {
	if p.driver.Do == nil {
		run(false)
		return
	}
	p.driver.Do(call, run)
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

// fault returns the error that a call meets, or nil. mu is held.
func (p *FS) fault(op, name string) error {
	if p.driver.Fault == nil {
		return nil
	}
	err := p.driver.Fault(op, name)
	if errors.Is(err, ErrPower) {
		p.ending, p.dead = true, true
	}
	return err
}

// look is for calls that only look: they wait for nothing. mu is held.
func (p *FS) look(op, name string, off int64) error {
	if p.ending {
		return ErrPower
	}
	if p.driver.Misread == nil {
		return nil
	}
	return p.driver.Misread(op, name, off)
}

// full reports whether there is no room for anything new. mu is held.
func (p *FS) full() bool { return p.driver.Full != nil && p.driver.Full() }

// Open is vfs.FS's.
func (p *FS) Open(name string, flag int) (vfs.File, error) {
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
	return &file{p, n, name}, nil
}

// Rename is vfs.FS's.
func (p *FS) Rename(from, to string) error {
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

// Remove is vfs.FS's.
func (p *FS) Remove(name string) error {
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

// MakeDir is vfs.FS's.
func (p *FS) MakeDir(name string) error {
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

// SyncDir is vfs.FS's.
func (p *FS) SyncDir(name string) error {
	return p.do("syncdir", name, "", func() error {
		if p.names[name] == nil {
			return fs.ErrNotExist
		}
		if err := p.fault("syncdir", name); err != nil {
			p.syncNames(name, p.chance())
			return err
		}
		p.syncNames(name, 1)
		return nil
	})
}

// ReadFile is vfs.FS's.
func (p *FS) ReadFile(name string) ([]byte, error) {
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

// Names is vfs.FS's.
func (p *FS) Names(dir string) ([]string, error) {
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
type lock struct{ p *FS }

// Lock is vfs.FS's. There is one lock, whatever its path.
func (p *FS) Lock(string) (io.Closer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.locked {
		return nil, errors.New("another server uses the directory")
	}
	p.locked = true
	return lock{p}, nil
}

// Close lets the next one have the lock.
func (l lock) Close() error {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.p.locked = false
	return nil
}

// Locked is vfs.FS's.
func (p *FS) Locked(string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.locked, nil
}

// Space is without end: that a disk is full, its calls say when they are made.
func (p *FS) Space(string) (int64, error) { return math.MaxInt64, nil }
