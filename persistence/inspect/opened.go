package inspect

import (
	"fmt"
	"io"

	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// unknownSize is the size of a transcript of which nothing says where it should end.
const unknownSize = -1

// opened is one conversation's lines, opened for reading from the first on.
type opened struct {
	io.Reader
	size int64 // up to where it should go; unknownSize: nothing says
	want transcript.End
	cut  bool // its file is shorter than it must be
	done func()
}

// unlike returns what is wrong with a transcript whose lines are all right and end where walk has come; "": nothing
// is. missing says that there should be more.
func (t *opened) unlike(walk *transcript.Walk) (what string, missing bool) {
	switch want := t.want; {
	case walk.Seq == 0:
		return "there is no entry", true
	case t.size == unknownSize:
		return "", false
	case walk.Seq < want.Last:
		return fmt.Sprintf("the file ends here, and entries up to %d were committed", want.Last), true
	case walk.Head.Log != want.Log || walk.Seq != want.Last || walk.Sum != want.Sum:
		return fmt.Sprintf("it ends with entry %d and the sum %s, and the catalogue says %d and %s",
			walk.Seq, walk.Sum, want.Last, want.Sum), false
	default:
		return "", false
	}
}

// open finds a transcript's lines. The caller calls done.
func (o *Snapshot) open(id protocol.ConversationID) (*opened, error) {
	v, known := o.merged[id], o.known[id]
	if v == nil && known.Size == 0 && !o.there[id] && !o.unlisted {
		return nil, fmt.Errorf("%w: %s", ErrNoConversation, id)
	}
	if v != nil && v.begin == 0 { // the journal has all of it
		return o.follow(id, nil, 0, v)
	}
	f, err := o.files.Get(id, false)
	if vfs.Missing(err) {
		return nil, &transcript.IntegrityError{Path: o.files.Path(id), What: "it is missing"}
	}
	if err != nil {
		return nil, fmt.Errorf("transcript: %w", &vfs.FileError{Path: o.files.Path(id), Err: err})
	}
	size, err := f.Size()
	if err != nil {
		o.files.Put(f)
		return nil, fmt.Errorf("transcript: %w", &vfs.FileError{Path: o.files.Path(id), Err: err})
	}
	t, err := o.follow(id, f, size, v)
	if err != nil {
		o.files.Put(f)
		return nil, err
	}
	t.done = func() { o.files.Put(f) }
	return t, nil
}

// follow puts a transcript together of its file's beginning, the journal's lines and what the file has beyond.
func (o *Snapshot) follow(id protocol.ConversationID, f *transcript.OpenFile, size int64, v *logged) (*opened, error) {
	known, listed := o.known[id]
	t := &opened{size: unknownSize, done: func() {}}
	if v == nil {
		if listed {
			t.size, t.want, t.cut = known.Size, known.End, size < known.Size
		}
		if (o.running || o.journal != nil) && listed {
			// What the server adds meanwhile, or the journal tells of, may be there in part.
			size = min(size, known.Size)
		}
		t.Reader = io.NewSectionReader(f, 0, size)
		return t, nil
	}
	t.size, t.want = v.end, v.tail
	if size < v.begin {
		t.cut, t.Reader = f != nil, io.MultiReader(sectionOf(f, 0, size))
		if f != nil {
			return t, nil
		}
	}
	rest := int64(0)
	switch {
	case f == nil:
	case o.running:
		if listed && known.Size > v.end && known.End.Log == v.tail.Log {
			rest = min(size, known.Size) - v.end
			t.size, t.want = known.Size, known.End
		}
	case size > v.end:
		beyond := make([]byte, size-v.end)
		if err := vfs.ReadFull(f, beyond, v.end); err != nil {
			return nil, fmt.Errorf("transcript: %w", &vfs.FileError{Path: o.files.Path(id), Err: err})
		}
		t.want, rest = transcript.Extend(v.tail, beyond)
		t.size = v.end + rest
	}
	t.Reader = io.MultiReader(
		sectionOf(f, 0, v.begin), &pieces{o: o, left: v.pieces}, sectionOf(f, v.end, max(0, rest)))
	return t, nil
}

func sectionOf(f *transcript.OpenFile, off, n int64) io.Reader {
	if f == nil {
		return io.MultiReader()
	}
	return io.NewSectionReader(f, off, n)
}

// pieces reads lines out of the journal.
type pieces struct {
	o    *Snapshot
	left []piece
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	at := &p.left[0]
	n := min(len(b), int(at.size))
	if err := vfs.ReadFull(p.o.segments[at.segment].File, b[:n], int64(at.offset)); err != nil {
		return 0, fmt.Errorf("journal: %w", &vfs.FileError{Path: p.o.segments[at.segment].Path, Err: err})
	}
	rest := piece{at.segment, at.offset + int32(n), at.size - int32(n)}
	if p.left = p.left[1:]; rest.size > 0 {
		p.left = append([]piece{rest}, p.left...)
	}
	return n, nil
}
