package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Offline is a data directory as it can be read without its lock: beside a running server, or after a crash. What a
// start would mend is mended in memory: where the journal speaks of a transcript, it is read in place of the file. It
// shows the record as it was when it was opened, and never writes.
type Offline struct {
	dir     string
	fs      FileSystem
	files   *files
	running bool // a server uses the directory

	segments []foundSegment
	there    map[protocol.ConversationID]bool // with a file
	known    map[protocol.ConversationID]catalogued
	trusted  bool // the catalogue
	merged   map[protocol.ConversationID]*overlay
}

// overlay is what the journal has of one transcript: from begin to end it counts, whatever the file says.
type overlay struct {
	begin, end int64
	tail       persistence.Tail
	pieces     []piece
}

// piece is where lines stand in the journal.
type piece struct {
	segment      int32
	offset, size int32
}

// OpenOffline reads where everything stands.
func OpenOffline(dir string) (*Offline, error) { return openOffline(osFS{}, dir) }

func openOffline(fsys FileSystem, dir string) (*Offline, error) {
	if _, err := readFormat(fsys, dir); err != nil {
		return nil, err
	}
	if _, err := fsys.Names(filepath.Join(dir, "transcripts")); err != nil {
		return nil, fmt.Errorf("data directory: there is none at %s: give its path with --data", dir)
	}
	// A running server may remove or write what is being read: then it is read once more.
	for try := 0; ; try++ {
		o := &Offline{dir: dir, fs: fsys, running: fsys.Locked(filepath.Join(dir, "lock")), files: newFiles(fsys, filepath.Join(dir, "transcripts"))}
		err := o.load()
		if err == nil {
			return o, nil
		}
		o.Close()
		if !o.running || try == 10 {
			return nil, err
		}
		time.Sleep(10 * time.Millisecond << try)
	}
}

// Close gives back the files.
func (o *Offline) Close() {
	for _, s := range o.segments {
		_ = s.file.Close()
	}
	o.segments = nil
	o.files.closeAll()
}

// load reads in an order in which nothing falls between: what is not in the journal any more is in the catalogue that
// is read after it.
func (o *Offline) load() (err error) {
	cat, _, err := readCatalogue(o.fs, o.dir)
	if err != nil {
		return err
	}
	floor := uint64(0)
	if cat != nil {
		floor = cat.floor
	}
	if o.there, err = transcriptsIn(o.fs, o.files.dir); err != nil {
		return err
	}
	if err := o.loadJournal(floor, cat != nil && !o.running); err != nil {
		return err
	}
	if cat, _, err = readCatalogue(o.fs, o.dir); err != nil {
		return err
	}
	o.known, o.trusted = make(map[protocol.ConversationID]catalogued), cat != nil
	if cat != nil {
		for _, e := range cat.entries {
			o.known[e.id] = e
		}
	}
	return nil
}

func (o *Offline) loadJournal(floor uint64, known bool) error {
	f, err := findJournal(o.fs, filepath.Join(o.dir, "journal"), floor, known)
	if err != nil {
		return err
	}
	o.segments = f.segments
	o.merged = make(map[protocol.ConversationID]*overlay)
	var buf []byte
	for i, s := range f.segments {
		if buf, err = readSegment(s.file, buf); err != nil {
			return fmt.Errorf("journal: read %s: %w", s.path, err)
		}
		_, err := scanSegment(buf, s.number, s.path, s.limit, func(at int64, payload []byte) error {
			return visitItems(payload, visitor{run: func(x run) error {
				// x.lines is a part of buf, so that their capacities tell how far it is from its beginning.
				o.merge(x, piece{int32(i), int32(cap(buf) - cap(x.lines)), int32(len(x.lines))})
				return nil
			}})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *Offline) merge(x run, at piece) {
	v := o.merged[x.conversation]
	if v == nil || x.offset == 0 {
		v = &overlay{begin: x.offset}
		o.merged[x.conversation] = v
	}
	v.end = x.end()
	v.tail = persistence.Tail{Log: x.log, Last: x.last(), Time: x.time, Sum: x.sum()}
	v.pieces = append(v.pieces, at)
}

// Lines calls yield with each line of a transcript, the log line first, newlines left out. yield must not keep it.
func (o *Offline) Lines(ctx context.Context, id protocol.ConversationID, yield func(line []byte) error) error {
	if !id.Valid() {
		return fmt.Errorf("%w: %s", ErrNoConversation, id)
	}
	t, err := o.open(id)
	if err != nil {
		return err
	}
	defer t.done()
	if t.cut {
		return &notWholeError{o.files.path(id), fmt.Sprintf("it is shorter than the %d bytes that were committed", t.size)}
	}
	take := chained(id, o.files.path(id), yield)
	return eachLine(ctx, t, func(line []byte, whole bool) error {
		if !whole {
			return nil // the rest of a write that was cut short
		}
		return take(line)
	})
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

// LinesOffline gives one transcript's lines; see Offline. The error is an ErrNoConversation where there is none.
func LinesOffline(dir string, id protocol.ConversationID, yield func(line []byte) error) error {
	o, err := OpenOffline(dir)
	if err != nil {
		return err
	}
	defer o.Close()
	return o.Lines(context.Background(), id, yield)
}
