package disk

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

// found is a journal as it lies in its folder: which segments count, and up to where each is valid.
type found struct {
	segments []foundSegment // in use, in order
	unused   []string       // prepared, given up, or folded: they may be removed
	next     uint64         // the least number that no segment had

	strangers []string // names in the folder that are none of the journal's
}

// foundSegment is one of them. limit is unknownEnd for the last.
type foundSegment struct {
	number uint64
	path   string
	file   vfs.File
	limit  int64
}

func (f *found) close() {
	for _, s := range f.segments {
		_ = s.file.Close()
	}
}

// findJournal opens the segments that count. floor is the first one that does; known says that it is certain, else
// the catalogue is lost.
func findJournal(fsys vfs.FS, dir string, floor uint64, known bool) (_ *found, err error) {
	all, strangers, err := openSegments(fsys, dir)
	if err != nil {
		return nil, err
	}
	f := &found{next: max(floor, 1), strangers: strangers}
	keep := func(s foundSegment) { f.segments = append(f.segments, s) }
	discard := func(s foundSegment) {
		_ = s.file.Close()
		f.unused = append(f.unused, s.path)
	}
	defer func() {
		if err != nil {
			for _, s := range all {
				_ = s.file.Close()
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

// complete makes sure that no segment is missing that the last one's head speaks of. Where the catalogue is lost, the
// oldest may have been folded since: they are removed in order, so that what is there must be the newest of them.
func (f *found) complete(dir string, live map[uint64]int64, floor uint64, known bool) error {
	have := make(map[uint64]bool)
	oldest := uint64(0)
	for _, s := range f.segments {
		have[s.number] = true
		if oldest == 0 {
			oldest = s.number
		}
	}
	for number, valid := range live {
		if valid > 0 && number >= floor && !have[number] && (known || number > oldest) {
			return fmt.Errorf("journal: %s is missing: restore the data directory from a backup, or ask for help before you remove anything", segmentPath(dir, number))
		}
	}
	return nil
}

// checkUnused makes sure that a segment whose head is not whole holds nothing: the head is synced before a group is
// written, so that all behind it are zeros. What has anything else there is a segment that was spoiled, or none at
// all.
func checkUnused(s foundSegment) error {
	content, err := readSegment(s.file, nil)
	if err != nil {
		return fmt.Errorf("journal: %w", &vfs.FileError{Path: s.path, Err: err})
	}
	if err := checkTail(content, 0, s.number, s.path); err != nil {
		return err
	}
	for rest := content[min(blockAlign, len(content)):]; len(rest) > 0; {
		n := min(len(rest), len(zeros))
		if !bytes.Equal(rest[:n], zeros[:n]) {
			return &damageError{s.path, 0, "it does not begin as a segment does, and is not an unused one"}
		}
		rest = rest[n:]
	}
	return nil
}

// lastHead gives what the head of the last segment in use says, and that one's number; 0: none is in use.
func lastHead(all []foundSegment) (live map[uint64]int64, last uint64, err error) {
	buf := make([]byte, blockAlign)
	for _, s := range slices.Backward(all) {
		n, err := s.file.ReadAt(buf, 0)
		if err != nil && err != io.EOF {
			return nil, 0, fmt.Errorf("journal: %w", &vfs.FileError{Path: s.path, Err: err})
		}
		payload, block, _, ok := readBlock(buf[:n], s.number)
		if !ok || block != 0 {
			continue
		}
		live = make(map[uint64]int64)
		err = visitItems(payload, visitor{live: func(l liveItem) error {
			live[l.number] = l.valid
			return nil
		}})
		if err != nil {
			return nil, 0, &damageError{s.path, 0, err.Error()}
		}
		return live, s.number, nil
	}
	return nil, 0, nil
}

// openSegments opens every segment of a folder, in order. Its error names each that cannot be opened. strangers are the
// names that are none of the journal's; what a start has written aside is.
func openSegments(fsys vfs.FS, dir string) (all []foundSegment, strangers []string, err error) {
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
		all = append(all, foundSegment{number: number, path: path, file: f})
	}
	if len(bad) == 0 {
		return all, strangers, nil
	}
	for _, s := range all {
		_ = s.file.Close()
	}
	return nil, nil, errors.Join(bad...)
}
