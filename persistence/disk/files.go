package disk

import (
	"container/list"
	"os"
	"path/filepath"
	"sync"

	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// openFiles is how many transcripts are kept open while nobody uses them.
const openFiles = 256

const transcriptSuffix = ".jsonl"

// files are the open transcripts: the most recently used ones stay open, and one in use is never closed. Opening
// happens outside the lock, once for all who want the same file.
type files struct {
	fs    vfs.FS // fixed
	dir   string // fixed
	bound int    // fixed
	flag  int    // fixed: os.O_RDWR, or os.O_RDONLY for who only reads

	mu     sync.Mutex
	byID   map[protocol.ConversationID]*openFile
	recent list.List // of *openFile, the most recently used first
	count  int       // open, those that were dropped and are still in use too
}

// openFile is one of them. file and err are fixed once ready is closed; the rest is guarded by files.mu.
type openFile struct {
	vfs.File
	err     error
	ready   chan struct{} // closed by who opens it
	id      protocol.ConversationID
	users   int
	place   *list.Element
	dropped bool
}

func newFiles(fs vfs.FS, dir string, flag int) *files {
	return &files{fs: fs, dir: dir, bound: openFiles, flag: flag, byID: make(map[protocol.ConversationID]*openFile)}
}

func (f *files) path(id protocol.ConversationID) string {
	return filepath.Join(f.dir, string(id)+transcriptSuffix)
}

// get returns the open transcript, and makes it where create allows that. Who gets one must put it back.
func (f *files) get(id protocol.ConversationID, create bool) (*openFile, error) {
	f.mu.Lock()
	o := f.byID[id]
	if o == nil {
		o = &openFile{id: id, ready: make(chan struct{})}
		o.place = f.recent.PushFront(o)
		f.byID[id] = o
		f.count++
		o.users++
		f.mu.Unlock()
		flag := f.flag
		if create {
			flag |= os.O_CREATE
		}
		o.File, o.err = f.fs.Open(f.path(id), flag)
		close(o.ready)
	} else {
		o.users++
		f.recent.MoveToFront(o.place)
		f.mu.Unlock()
		<-o.ready // its opener waits for nothing but the file system
	}
	if o.err != nil {
		f.drop(id, o)
		f.put(o)
		return nil, o.err
	}
	return o, nil
}

// put gives a file back, and closes what is too much.
func (f *files) put(o *openFile) {
	var old []*openFile
	f.mu.Lock()
	o.users--
	if o.dropped && o.users == 0 {
		old = append(old, o)
		f.count--
	}
	for at := f.recent.Back(); at != nil && f.recent.Len() > f.bound; {
		idle := at.Value.(*openFile)
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

// drop makes the next get open the file anew. o is in use by the caller.
func (f *files) drop(id protocol.ConversationID, o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byID[id] == o {
		f.forget(o)
	}
}

func (f *files) forget(o *openFile) {
	o.dropped = true
	f.recent.Remove(o.place)
	delete(f.byID, o.id)
}

func (f *files) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// closeAll closes every file; nobody uses one any more.
func (f *files) closeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.byID {
		_ = o.File.Close()
	}
	f.byID, f.count = make(map[protocol.ConversationID]*openFile), 0
	f.recent.Init()
}
