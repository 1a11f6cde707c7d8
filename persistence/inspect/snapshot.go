package inspect

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// Snapshot is a data directory as it was when it was opened, read without its lock. What a start would mend is mended
// in memory: if the journal has lines of a transcript, they are read in place of the file's. Its methods may be
// called by one goroutine at a time.
type Snapshot struct {
	dir     string
	fs      vfs.FS
	files   *transcript.Cache
	running bool // a server uses the directory, or may

	found    []Finding // what is to be said of other files than transcripts
	journal  error     // why the journal could not be read: what it holds is not laid over the files
	unlisted bool      // the transcripts' folder could not be read

	floor    uint64   // the first segment that counts, as the catalogue says
	names    []string // in the journal's folder, sorted
	segments []journal.FoundSegment
	there    map[protocol.ConversationID]bool // with a file
	known    map[protocol.ConversationID]datadir.Standing
	merged   map[protocol.ConversationID]*logged
}

// logged is what the journal has of one transcript. From begin to end it counts, whatever the file says.
type logged struct {
	begin, end int64
	tail       transcript.End
	pieces     []piece
}

// piece is where lines are in the journal.
type piece struct {
	segment      int32
	offset, size int32
}

// maxOpen is how many transcripts stay open that were read: each is wanted once or twice.
const maxOpen = 4

// Open reads where everything is. A file that cannot be read is no error: what can be read is there. The caller closes
// the snapshot.
func Open(dir string) (*Snapshot, error) { return OpenOn(vfs.OS{}, dir) }

// OpenOn is Open on another file system than the operating system's.
func OpenOn(fsys vfs.FS, dir string) (*Snapshot, error) {
	transcripts := filepath.Join(dir, "transcripts")
	if _, err := fsys.Names(transcripts); vfs.Missing(err) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("data directory: there is none at %s: give its path with --data-dir", dir)
	}
	_, unformatted := datadir.ReadFormat(fsys, dir)
	if unformatted != nil && !errors.As(unformatted, new(*vfs.FileError)) {
		return nil, unformatted
	}
	// A running server may remove or write what is being read: then it is read once more.
	for try := 0; ; try++ {
		o := &Snapshot{dir: dir, fs: fsys, files: transcript.NewCache(fsys, transcripts, os.O_RDONLY)}
		o.files.Bound = maxOpen
		o.cannotRead(dir, unformatted)
		tries := 0
		if o.askLock(filepath.Join(dir, "lock")) {
			tries = 10
		}
		err := o.load()
		if err == nil || try >= tries || lasting(err) {
			return o, nil
		}
		o.Close()
		time.Sleep(10 * time.Millisecond << try)
	}
}

// ErrNoConversation says that there is no conversation of that id.
var ErrNoConversation = errors.New("record: there is no such conversation")

// lasting reports whether an error is not a running server's doing, so that another look would meet it again.
func lasting(err error) bool {
	return errors.As(err, new(*vfs.ForeignError)) || errors.Is(err, fs.ErrPermission)
}

// askLock finds out whether a server uses the directory, and reports whether one certainly does. Where nobody can tell,
// one may.
func (o *Snapshot) askLock(path string) bool {
	running, err := o.fs.Locked(path)
	o.running = running || err != nil
	if err != nil {
		note := "what was written since the last checkpoint may be passed over, since a server may be running: " +
			(&vfs.FileError{Path: path, Err: err}).What().Error()
		o.found = append(o.found, Finding{File: path, Note: note})
	}
	return running
}

// outdated reports whether a server has used the directory since it was opened, which then nobody did: what it writes
// is not in what was found.
func (o *Snapshot) outdated() bool {
	if o.running {
		return false
	}
	if running, err := o.fs.Locked(filepath.Join(o.dir, "lock")); running || err != nil {
		return true
	}
	cat, _, _ := datadir.ReadCatalogue(o.fs, o.dir)
	return cat != nil && cat.Floor != o.floor || !slices.Equal(o.journalNames(), o.names)
}

// journalNames returns what is in the journal's folder, sorted. That it cannot be read, the journal's reading tells.
func (o *Snapshot) journalNames() []string {
	names, _ := o.fs.Names(filepath.Join(o.dir, "journal"))
	slices.Sort(names)
	return names
}

// cannotRead notes what is wrong with a file that is no transcript, each by itself where there are several. path is
// where the error names none.
func (o *Snapshot) cannotRead(path string, err error) {
	if err == nil {
		return
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range all.Unwrap() {
			o.cannotRead(path, err)
		}
		return
	}
	var file *vfs.FileError
	var damage *journal.DamageError
	switch {
	case errors.As(err, &file):
		path, err = file.Path, file.What()
	case errors.As(err, &damage):
		path, err = damage.Path, errors.New(damage.Text())
	}
	o.found = append(o.found, Finding{File: path, Err: err})
}

// Close closes the files.
func (o *Snapshot) Close() {
	for _, s := range o.segments {
		_ = s.File.Close()
	}
	o.segments = nil
	o.files.CloseAll()
}

// load reads in an order in which nothing falls between: what is not in the journal any more is in the catalogue that
// is read after it. It goes on over what it cannot read, which found and its error name.
func (o *Snapshot) load() error {
	cat, _, _ := datadir.ReadCatalogue(o.fs, o.dir) // that it cannot be read is told when it is read again
	floor := uint64(0)
	if cat != nil {
		floor = cat.Floor
	}
	o.floor, o.names = floor, o.journalNames()
	there, strangers, unlisted := transcript.List(o.fs, o.files.Dir)
	o.there, o.unlisted = there, unlisted != nil
	o.cannotRead(o.files.Dir, unlisted)
	o.passOver(strangers)
	folder := filepath.Join(o.dir, "journal")
	if o.journal = o.loadJournal(floor, cat != nil && !o.running); o.journal != nil {
		o.merged = nil
		o.cannotRead(folder, o.journal)
	}
	cat, _, uncatalogued := datadir.ReadCatalogue(o.fs, o.dir)
	o.cannotRead(o.dir, uncatalogued)
	o.known = make(map[protocol.ConversationID]datadir.Standing)
	if cat != nil {
		for _, e := range cat.Entries {
			o.known[e.ID] = e
		}
	}
	return cmp.Or(unlisted, o.journal, uncatalogued)
}

// passOver notes names among the transcripts that are none of a transcript.
func (o *Snapshot) passOver(strangers []string) {
	for _, name := range strangers {
		path := filepath.Join(o.files.Dir, name)
		o.found = append(o.found, Finding{File: path, Note: "it is passed over: this is no transcript's name"})
	}
}

func (o *Snapshot) loadJournal(floor uint64, known bool) error {
	f, err := journal.Find(o.fs, filepath.Join(o.dir, "journal"), floor, known)
	if err != nil {
		return err
	}
	o.segments = f.Segments
	o.merged = make(map[protocol.ConversationID]*logged)
	return f.Lines(func(segment int, at int64, x journal.LinesItem) error {
		o.merge(x, piece{int32(segment), int32(at), int32(len(x.Lines))})
		return nil
	})
}

func (o *Snapshot) merge(x journal.LinesItem, at piece) {
	v := o.merged[x.Conversation]
	if v == nil || x.Offset == 0 {
		v = &logged{begin: x.Offset}
		o.merged[x.Conversation] = v
	}
	v.end = x.End()
	v.tail = transcript.End{Log: x.Log, Last: x.Last(), Time: x.Time, Sum: x.Sum()}
	v.pieces = append(v.pieces, at)
}

// Lines calls yield with each line of a transcript, the log line first, newlines left out. yield must not keep it.
func (o *Snapshot) Lines(ctx context.Context, id protocol.ConversationID, yield func(line []byte) error) error {
	if !id.Valid() {
		return fmt.Errorf("%w: %s", ErrNoConversation, id)
	}
	if o.journal != nil { // it may have the last words
		return o.journal
	}
	t, err := o.open(id)
	if err != nil {
		return err
	}
	defer t.done()
	if t.cut {
		what := fmt.Sprintf("it is shorter than the %d bytes that were committed", t.size)
		return &transcript.IntegrityError{Path: o.files.Path(id), What: what}
	}
	walk := &transcript.Walk{}
	take := transcript.Chained(walk, id, o.files.Path(id), yield)
	err = eachLine(ctx, t, func(line []byte, whole bool) error {
		if !whole {
			return &transcript.IntegrityError{Path: o.files.Path(id), What: "its last line is cut off"}
		}
		return take(line)
	})
	if err != nil {
		return err
	}
	if what, _ := t.unlike(walk); what != "" && !o.outdated() {
		return &transcript.IntegrityError{Path: o.files.Path(id), What: what}
	}
	return nil
}

// eachLine reads lines of any length; whole is false for a last one that has no end.
func eachLine(ctx context.Context, r io.Reader, visit func(line []byte, whole bool) error) error {
	lines := bufio.NewReaderSize(r, 256<<10)
	var long []byte
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			n--
			continue
		}
		if err != nil && err != io.EOF {
			return err
		}
		if len(long) > 0 {
			line = append(long, line...)
			long = nil
		}
		if err == io.EOF {
			if len(line) > 0 {
				return visit(line, false)
			}
			return nil
		}
		if err := visit(line[:len(line)-1], true); err != nil {
			return err
		}
	}
}

// Lines calls yield with each of one transcript's lines, as Snapshot.Lines does. The error is ErrNoConversation if
// there is none.
func Lines(dir string, id protocol.ConversationID, yield func(line []byte) error) error {
	o, err := Open(dir)
	if err != nil {
		return err
	}
	defer o.Close()
	return o.Lines(context.Background(), id, yield)
}
