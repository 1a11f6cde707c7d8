package disk

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// powerFS is a file system whose power can be cut. It keeps, beside the real files, what of them is on the disk: pages
// that were synced, and names whose folder was. A sync that fails behaves as Linux does: the pages count as clean
// after it, reading gives what was written, and the disk has some of them, or none.
type powerFS struct {
	osFS
	t      testing.TB
	shadow string // a folder with one file for each inode, as it is on the disk

	mu     sync.Mutex
	random *rand.Rand
	inodes map[string]*inode // by path, as programs see it
	disk   map[string]*inode // by path, as a power cut leaves it
	count  int
	dead   bool
	fault  func(op, path string) error // asked before each write, sync, open, remove and syncdir; nil: none fail
}

type inode struct {
	shadow string
	dirty  map[int64]bool // pages
	size   int64          // as programs see it
}

const page = 4096

var errPower = errors.New("the power is off")

func newPowerFS(t testing.TB, seed uint64) *powerFS {
	return &powerFS{t: t, shadow: t.TempDir(), random: rand.New(rand.NewPCG(seed, 1)), inodes: map[string]*inode{}, disk: map[string]*inode{}}
}

// ask says whether an operation fails. mu is held.
func (p *powerFS) ask(op, path string) error {
	if p.dead {
		return errPower
	}
	if p.fault != nil {
		return p.fault(op, path)
	}
	return nil
}

func (p *powerFS) setFault(fault func(op, path string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

type powerFile struct {
	osFile
	p    *powerFS
	n    *inode
	path string
}

func (p *powerFS) Open(path string, flag int) (File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("open", path); err != nil {
		return nil, err
	}
	f, err := p.osFS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	n := p.inodes[path]
	if n == nil {
		n = &inode{shadow: filepath.Join(p.shadow, filepath.Base(path)+"."+string(rune('a'+p.count%26))+"."+itoa(p.count)), dirty: map[int64]bool{}}
		p.count++
		p.inodes[path] = n
		p.must(os.WriteFile(n.shadow, nil, 0o600))
	}
	if flag&os.O_TRUNC != 0 {
		n.size = 0
	}
	return &powerFile{f.(osFile), p, n, path}, nil
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func (p *powerFS) must(err error) {
	if err != nil {
		p.t.Error(err)
	}
}

func (f *powerFile) WriteAt(b []byte, off int64) (int, error) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	err := f.p.ask("write", f.path)
	if err != nil { // some of it may have been written
		b = b[:f.p.random.IntN(len(b)+1)]
		if f.p.dead {
			b = nil
		}
	}
	if len(b) > 0 {
		if n, err := f.osFile.WriteAt(b, off); err != nil {
			return n, err
		}
	}
	for at := off / page; at*page < off+int64(len(b)); at++ {
		f.n.dirty[at] = true
	}
	f.n.size = max(f.n.size, off+int64(len(b)))
	return len(b), err
}

func (f *powerFile) Truncate(size int64) error {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if err := f.p.ask("write", f.path); err != nil {
		return err
	}
	f.n.size = size
	f.n.dirty[size/page] = true
	return f.osFile.Truncate(size)
}

func (f *powerFile) StartSync() {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if !f.p.dead {
		f.p.writeBack(f.n, f.osFile)
	}
}

func (f *powerFile) Sync() error {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.p.dead {
		return errPower
	}
	if err := f.p.ask("sync", f.path); err != nil {
		f.p.writeBack(f.n, f.osFile)
		clear(f.n.dirty)
		return err
	}
	for at := range f.n.dirty {
		f.p.persist(f.n, f.osFile, at)
	}
	clear(f.n.dirty)
	f.p.must(os.Truncate(f.n.shadow, f.n.size))
	return nil
}

// writeBack brings some dirty pages to the disk, as the kernel does when it likes. mu is held.
func (p *powerFS) writeBack(n *inode, from osFile) {
	for at := range n.dirty {
		if p.random.IntN(2) == 0 {
			p.persist(n, from, at)
		}
	}
}

func (p *powerFS) persist(n *inode, from osFile, at int64) {
	var b [page]byte
	size, _ := from.ReadAt(b[:], at*page)
	if size == 0 {
		return
	}
	f, err := os.OpenFile(n.shadow, os.O_RDWR, 0o600)
	p.must(err)
	_, err = f.WriteAt(b[:size], at*page)
	p.must(err)
	p.must(f.Close())
}

func (p *powerFS) ReadFile(path string) ([]byte, error) {
	p.mu.Lock()
	err := p.ask("readfile", path)
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return p.osFS.ReadFile(path)
}

func (p *powerFS) Rename(from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("rename", from); err != nil {
		return err
	}
	if err := p.osFS.Rename(from, to); err != nil {
		return err
	}
	p.inodes[to] = p.inodes[from]
	delete(p.inodes, from)
	return nil
}

func (p *powerFS) Remove(path string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("remove", path); err != nil {
		return err
	}
	if err := p.osFS.Remove(path); err != nil {
		return err
	}
	delete(p.inodes, path)
	return nil
}

// Volume is not to be had: what it makes durable is the simulation's subject.
func (p *powerFS) Volume(string) (Volume, int) { return nil, 0 }

func (p *powerFS) SyncDir(path string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("syncdir", path); err != nil {
		return err
	}
	p.settle(path, func() bool { return true })
	return nil
}

// settle brings name changes of a folder to the disk, those that which chooses. mu is held.
func (p *powerFS) settle(dir string, which func() bool) {
	for name := range p.disk {
		if filepath.Dir(name) == dir && p.inodes[name] == nil && which() {
			delete(p.disk, name)
		}
	}
	for name, n := range p.inodes {
		if filepath.Dir(name) == dir && which() {
			p.disk[name] = n
		}
	}
}

// kill makes everything fail from here on, so that who goes on for a moment changes nothing.
func (p *powerFS) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

// revive makes everything work again.
func (p *powerFS) revive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead, p.fault = false, nil
}

// cut switches the power off: from here on everything fails. It makes what is on the disk then: what was synced, and
// of the rest what the kernel happened to have written.
func (p *powerFS) cut(dir string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	for name, n := range p.inodes {
		if f, err := p.osFS.Open(name, os.O_RDONLY); err == nil {
			p.writeBack(n, f.(osFile))
			_ = f.Close()
		}
	}
	for _, sub := range []string{"", "journal", "transcripts", "marks"} {
		p.settle(filepath.Join(dir, sub), func() bool { return p.random.IntN(2) == 0 })
	}
	after := p.t.TempDir()
	for _, sub := range []string{"journal", "transcripts", "marks"} {
		p.must(os.MkdirAll(filepath.Join(after, sub), 0o700))
	}
	for name, n := range p.disk {
		rel, err := filepath.Rel(dir, name)
		p.must(err)
		p.must(os.MkdirAll(filepath.Dir(filepath.Join(after, rel)), 0o700))
		content, err := os.ReadFile(n.shadow)
		p.must(err)
		p.must(os.WriteFile(filepath.Join(after, rel), content, 0o600))
	}
	return after
}

// adopt takes the files of a directory as they are: all of them are on the disk.
func (p *powerFS) adopt(dir string) {
	p.must(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		content, err := os.ReadFile(path)
		n := &inode{shadow: filepath.Join(p.shadow, "adopted."+itoa(p.count)), dirty: map[int64]bool{}, size: int64(len(content))}
		p.count++
		p.inodes[path], p.disk[path] = n, n
		return errors.Join(err, os.WriteFile(n.shadow, content, 0o600))
	}))
}
