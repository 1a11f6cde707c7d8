package transcript

import (
	"container/list"
	"os"
	"path/filepath"
	"sync"

	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// MaxOpen is how many transcripts are kept open while nobody uses them.
const MaxOpen = 256

// Cache holds open transcripts: the most recently used ones stay open, and one in use is never closed. Opening happens
// outside the lock, once for all who want the same file. Its methods may be called from any goroutine.
type Cache struct {
	Dir   string // fixed: the transcripts' folder
	Bound int    // fixed before the first Get: how many files stay open while nobody uses them

	fs   vfs.FS // fixed
	flag int    // fixed: os.O_RDWR, or os.O_RDONLY for a reader

	mu     sync.Mutex
	byID   map[protocol.ConversationID]*OpenFile
	recent list.List // of *OpenFile, the most recently used first
	count  int       // open, those that were dropped and are still in use too
}

// OpenFile is an open transcript. File and err are fixed once ready is closed; the rest is guarded by Cache.mu.
type OpenFile struct {
	vfs.File
	err     error
	ready   chan struct{} // closed by its opener
	id      protocol.ConversationID
	users   int
	place   *list.Element
	dropped bool
}

// NewCache returns an empty cache of the transcripts in a folder. flag is how they are opened: os.O_RDWR or
// os.O_RDONLY.
func NewCache(fs vfs.FS, dir string, flag int) *Cache {
	return &Cache{fs: fs, Dir: dir, Bound: MaxOpen, flag: flag, byID: make(map[protocol.ConversationID]*OpenFile)}
}

// Path returns where a conversation's transcript is.
func (f *Cache) Path(id protocol.ConversationID) string {
	return filepath.Join(f.Dir, string(id)+Suffix)
}

// Get returns the open transcript, and makes the file if create is set and there is none. The caller must Put it back.
func (f *Cache) Get(id protocol.ConversationID, create bool) (*OpenFile, error) {
	f.mu.Lock()
	o := f.byID[id]
	if o == nil {
		o = &OpenFile{id: id, ready: make(chan struct{})}
		o.place = f.recent.PushFront(o)
		f.byID[id] = o
		f.count++
		o.users++
		f.mu.Unlock()
		flag := f.flag
		if create {
			flag |= os.O_CREATE
		}
		o.File, o.err = f.fs.Open(f.Path(id), flag)
		close(o.ready)
	} else {
		o.users++
		f.recent.MoveToFront(o.place)
		f.mu.Unlock()
		<-o.ready // its opener waits for nothing but the file system
	}
	if o.err != nil {
		f.Drop(id, o)
		f.Put(o)
		return nil, o.err
	}
	return o, nil
}

// Put returns a file to the cache, and closes what is over the bound.
func (f *Cache) Put(o *OpenFile) {
	var old []*OpenFile
	f.mu.Lock()
	o.users--
	if o.dropped && o.users == 0 {
		old = append(old, o)
		f.count--
	}
	for at := f.recent.Back(); at != nil && f.recent.Len() > f.Bound; {
		idle := at.Value.(*OpenFile)
		at = at.Prev()
		if idle.users == 0 {
			f.forget(idle)
			f.count--
			old = append(old, idle)
		}
	}
	f.mu.Unlock()
	for _, o := range old {
		if o.File != nil {
			_ = o.File.Close() // a transcript's bytes are made sure by the checkpoint's sync, not by this
		}
	}
}

// Drop makes the next Get open the file again. o is in use by the caller.
func (f *Cache) Drop(id protocol.ConversationID, o *OpenFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byID[id] == o {
		f.forget(o)
	}
}

func (f *Cache) forget(o *OpenFile) {
	o.dropped = true
	f.recent.Remove(o.place)
	delete(f.byID, o.id)
}

// Len returns how many files are open.
func (f *Cache) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// CloseAll closes every file. None may be in use.
func (f *Cache) CloseAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.byID {
		_ = o.File.Close()
	}
	f.byID, f.count = make(map[protocol.ConversationID]*OpenFile), 0
	f.recent.Init()
}
