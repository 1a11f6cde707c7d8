package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"verbatim/persistence/vfs"
)

// Recovery is what a start has found in the journal's folder.
type Recovery struct {
	Live      []*Segment // to be folded by the first checkpoint
	Next      uint64     // the number of the next segment
	Clean     bool       // the folder holds no segment, so that whatever had it before has closed it
	Torn      int64      // bytes at the last segment's end that are no whole block: of a write that a crash broke off
	Strangers []string   // names in the folder that are none of the journal's
}

// RecoverOptions say what a start knows of a journal.
type RecoverOptions struct {
	FS    vfs.FS
	Dir   string // the journal's folder
	Floor uint64 // the first segment that counts, as the catalogue says
	Known bool   // the floor is certain; else the catalogue is lost

	SegmentSize int64                   // bytes
	Progress    func(done, total int64) // in bytes
}

// Recover visits the items of the segments that count, oldest first. The last segment may hold what was never
// synced, or what a failed sync has left in the page cache alone: that is written again and synced before Recover
// returns. An error is the context's, the disk's, visit's, or says what is damaged.
func Recover(ctx context.Context, o RecoverOptions, visit Visitor) (*Recovery, error) {
	f, err := Find(o.FS, o.Dir, o.Floor, o.Known)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// A clean end leaves no segment: what is in them was folded, and those that were ready are removed.
	x := &Recovery{Next: f.next, Strangers: f.Strangers, Clean: len(f.Segments)+len(f.unused) == 0}
	// First, since what follows needs room on the disk; each by itself, as removeUpTo does.
	for _, path := range f.unused {
		if err := o.FS.Remove(path); err != nil {
			return nil, fmt.Errorf("journal: remove a segment that is not needed: %w", err)
		}
		if err := o.FS.SyncDir(o.Dir); err != nil {
			return nil, fmt.Errorf("journal: sync the folder: %w", err)
		}
	}

	var buf []byte
	for i, s := range f.Segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if buf, err = readSegment(s.File, buf); err != nil {
			return nil, fmt.Errorf("journal: %w", &vfs.FileError{Path: s.Path, Err: err})
		}
		valid, err := scanItems(buf, s.number, s.Path, s.limit, visit)
		if err != nil {
			return nil, err
		}
		if s.limit == unknownEnd {
			x.Torn = torn(buf[valid:])
			if err := renew(o.FS, s.Path, buf[:valid]); err != nil {
				return nil, err
			}
		}
		x.Live = append(x.Live, &Segment{number: s.number, path: s.Path, used: valid})
		o.Progress(int64(i+1)*o.SegmentSize, int64(len(f.Segments))*o.SegmentSize)
	}

	if len(x.Live) > 0 {
		if err := o.FS.SyncDir(o.Dir); err != nil {
			return nil, fmt.Errorf("journal: sync the folder: %w", err)
		}
	}
	return x, nil
}

// renew writes the last segment again. That cuts its torn tail off, if it has one.
func renew(fsys vfs.FS, path string, content []byte) error {
	if err := vfs.WriteAside(fsys, path, content); err != nil {
		return fmt.Errorf("journal: write %s again: %w: make room on the disk, or mend it, and start again", path, err)
	}
	return nil
}

// scanItems visits the items of a segment's blocks, up to limit (see scanSegment).
func scanItems(content []byte, number uint64, path string, limit int64, visit Visitor) (valid int64, err error) {
	return scanSegment(content, number, path, limit, func(at int64, payload []byte) error {
		visit.at = at + BlockHead
		err := visitItems(payload, visit)
		if errors.Is(err, ErrItem) {
			return &DamageError{path, at, err.Error()}
		}
		return err
	})
}

// torn returns how many bytes of a write that was broken off are behind the last whole block: segments are made of
// zeros.
func torn(rest []byte) int64 {
	for n := len(zeros); len(rest) >= n && bytes.Equal(rest[len(rest)-n:], zeros[:]); {
		rest = rest[:len(rest)-n]
	}
	return int64(len(bytes.TrimRight(rest, "\x00")))
}
