package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"verbatim/persistence/vfs"
)

// Found is a journal as it is in its folder: which segments count, and up to where each is valid.
type Found struct {
	Segments  []FoundSegment // in use, in order
	Strangers []string       // names in the folder that are none of the journal's

	unused []string // prepared, given up, or folded: they may be removed
	next   uint64   // the least number that no segment had
}

// FoundSegment is a segment of a journal, open for reading.
type FoundSegment struct {
	Path string
	File vfs.File

	number uint64
	limit  int64 // up to where it is valid; unknownEnd for the last one
}

// Close closes the segments.
func (f *Found) Close() {
	for _, s := range f.Segments {
		_ = s.File.Close()
	}
}

// Find opens the segments of a folder that count; the caller closes them. floor is the first one that does. known says
// that it is certain, else the catalogue is lost.
func Find(fsys vfs.FS, dir string, floor uint64, known bool) (_ *Found, err error) {
	all, strangers, err := openSegments(fsys, dir)
	if err != nil {
		return nil, err
	}
	f := &Found{next: max(floor, 1), Strangers: strangers}
	keep := func(s FoundSegment) { f.Segments = append(f.Segments, s) }
	discard := func(s FoundSegment) {
		_ = s.File.Close()
		f.unused = append(f.unused, s.Path)
	}
	defer func() {
		if err != nil {
			for _, s := range all {
				_ = s.File.Close()
			}
		}
	}()
	live, last, err := lastHead(all)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		f.next = max(f.next, s.number+1)
		switch valid, listed := live[s.number]; {
		case s.number < floor:
			discard(s)
		case s.number > last:
			if err := checkUnused(s); err != nil {
				return nil, err
			}
			discard(s)
		case s.number == last:
			s.limit = unknownEnd
			keep(s)
		case !listed || valid == 0: // folded before the last one was opened, or it failed at once
			discard(s)
		default:
			s.limit = valid
			keep(s)
		}
	}
	return f, f.complete(dir, live, floor, known)
}

// Lines visits the lines in the segments, oldest first: in which segment they are, and where in its file the item's
// Lines begin. visit must not keep them.
func (f *Found) Lines(visit func(segment int, at int64, x LinesItem) error) error {
	var buf []byte
	for i, s := range f.Segments {
		var err error
		if buf, err = readSegment(s.File, buf); err != nil {
			return fmt.Errorf("journal: %w", &vfs.FileError{Path: s.Path, Err: err})
		}
		_, err = scanItems(buf, s.number, s.Path, s.limit, Visitor{
			linesAt: func(x LinesItem, at int64) error { return visit(i, at, x) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// complete makes sure that no segment is missing that the last one's head speaks of. Where the catalogue is lost, the
// oldest may have been folded since: they are removed in order, so that what is there must be the newest of them.
func (f *Found) complete(dir string, live map[uint64]int64, floor uint64, known bool) error {
	have := make(map[uint64]bool)
	oldest := uint64(0)
	for _, s := range f.Segments {
		have[s.number] = true
		if oldest == 0 {
			oldest = s.number
		}
	}
	for number, valid := range live {
		if valid > 0 && number >= floor && !have[number] && (known || number > oldest) {
			return fmt.Errorf("journal: %s is missing: %s", SegmentPath(dir, number), restoreAdvice)
		}
	}
	return nil
}

// checkUnused makes sure that a segment whose head is not whole holds nothing: the head is synced before a group is
// written, so that all behind it are zeros. What has anything else there is a segment that was spoiled, or none at
// all.
func checkUnused(s FoundSegment) error {
	content, err := readSegment(s.File, nil)
	if err != nil {
		return fmt.Errorf("journal: %w", &vfs.FileError{Path: s.Path, Err: err})
	}
	if err := checkTail(content, 0, s.number, s.Path); err != nil {
		return err
	}
	for rest := content[min(BlockAlign, len(content)):]; len(rest) > 0; {
		n := min(len(rest), len(zeros))
		if !bytes.Equal(rest[:n], zeros[:n]) {
			return &DamageError{s.Path, 0, "it does not begin as a segment does, and is not an unused one"}
		}
		rest = rest[n:]
	}
	return nil
}

// lastHead returns what the head of the last segment in use says, and that one's number, or 0 if none is in use.
func lastHead(all []FoundSegment) (live map[uint64]int64, last uint64, err error) {
	buf := make([]byte, BlockAlign)
	for _, s := range slices.Backward(all) {
		n, err := s.File.ReadAt(buf, 0)
		if err != nil && err != io.EOF {
			return nil, 0, fmt.Errorf("journal: %w", &vfs.FileError{Path: s.Path, Err: err})
		}
		payload, block, _, ok := readBlock(buf[:n], s.number)
		if !ok || block != 0 {
			continue
		}
		live = make(map[uint64]int64)
		err = visitItems(payload, Visitor{live: func(l liveItem) error {
			live[l.number] = l.valid
			return nil
		}})
		if err != nil {
			return nil, 0, &DamageError{s.Path, 0, err.Error()}
		}
		return live, s.number, nil
	}
	return nil, 0, nil
}

// openSegments opens every segment of a folder, in order. Its error names each that cannot be opened. strangers are the
// names that are none of the journal's; what a start has written aside is.
func openSegments(fsys vfs.FS, dir string) (all []FoundSegment, strangers []string, err error) {
	names, err := fsys.Names(dir)
	if vfs.Missing(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("journal: %w", &vfs.FileError{Path: dir, Err: err})
	}
	slices.Sort(names) // by name, so by number
	var bad []error
	for _, name := range names {
		number, ok := segmentNumber(name)
		if !ok {
			if _, aside := segmentNumber(strings.TrimSuffix(name, vfs.AsideSuffix)); !aside {
				strangers = append(strangers, name)
			}
			continue
		}
		path := filepath.Join(dir, name)
		f, err := fsys.Open(path, os.O_RDONLY)
		if err != nil {
			bad = append(bad, fmt.Errorf("journal: %w", &vfs.FileError{Path: path, Err: err}))
			continue
		}
		all = append(all, FoundSegment{Path: path, File: f, number: number})
	}
	if len(bad) == 0 {
		return all, strangers, nil
	}
	for _, s := range all {
		_ = s.File.Close()
	}
	return nil, nil, errors.Join(bad...)
}
