// Package inspect reads a data directory without a record: beside a running server, or after a crash. It never writes,
// and what a start would mend it mends in memory. Verify holds every transcript to its chain of sums; Lines, IDs and
// Snapshot read.
package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// Finding is what Verify found of one transcript, or of another file.
type Finding struct {
	ID      protocol.ConversationID
	Log     protocol.LogID
	Entries protocol.Seq // that are whole, from the first on
	Last    protocol.Sum // of the last of these
	File    string
	Line    int    // where Err is; the log line is line 1; 0: the file as such
	Err     error  // why it is not whole, or could not be read, or nil
	Note    string // of a file that is no transcript: what is to be known about it
}

// String returns the finding as one line for a person.
func (l Finding) String() string {
	switch {
	case l.Err != nil && l.Line > 0:
		return fmt.Sprintf("%s:%d: %v", l.File, l.Line, l.Err)
	case l.Err != nil:
		return fmt.Sprintf("%s: %v", l.File, l.Err)
	case l.Note != "":
		return fmt.Sprintf("%s: %s", l.File, l.Note)
	}
	return fmt.Sprintf("%s %d %s", l.ID, l.Entries, l.Last)
}

// Verify reads every transcript, holds it against its chain of sums, the catalogue and the receipts, and reports
// each. It only reads, and may run beside a server and after a crash: what a start would mend is whole. What cannot
// be read is reported, and it goes on. progress counts transcripts, and may be nil. The error says that something is
// not whole, or could not be read.
func Verify(
	ctx context.Context, dir string, receipts []transcript.Receipt,
	report func(Finding), progress func(done, total int64),
) error {
	return VerifyOn(ctx, vfs.OS{}, dir, receipts, report, progress)
}

// VerifyOn is Verify on another file system than the operating system's.
func VerifyOn(
	ctx context.Context, fsys vfs.FS, dir string, receipts []transcript.Receipt,
	report func(Finding), progress func(done, total int64),
) error {
	o, err := OpenOn(fsys, dir)
	if err != nil {
		return err
	}
	defer func() { o.Close() }()
	byID := make(map[protocol.ConversationID][]transcript.Receipt)
	for _, r := range receipts {
		byID[r.ID] = append(byID[r.ID], r)
	}
	unread := 0
	for _, line := range o.found {
		if line.Err != nil {
			unread++
		}
		report(line)
	}
	all := o.all(byID)
	broken := 0
	for i, id := range all {
		line, err := o.verify(ctx, id, byID[id])
		if err == nil && line.Err != nil && o.outdated() {
			// What a server has written since is no fault: it is looked at once more, as the directory is now.
			if now, nowErr := OpenOn(fsys, dir); nowErr == nil {
				o.Close()
				o = now
				line, err = o.verify(ctx, id, byID[id])
			}
		}
		if err != nil {
			return err
		}
		if line.Err != nil {
			broken++
		}
		report(line)
		if progress != nil {
			progress(int64(i+1), int64(len(all)))
		}
	}
	if broken == 0 && unread == 0 {
		return nil
	}
	err = fmt.Errorf("verify: %d of %d transcripts are not whole, could not be read, or do not fit a receipt",
		broken, len(all))
	if unread > 0 {
		err = fmt.Errorf("%w; of other files %d could not be read", err, unread)
	}
	return err
}

// all returns every conversation that anything speaks of, sorted.
func (o *Snapshot) all(receipts map[protocol.ConversationID][]transcript.Receipt) []protocol.ConversationID {
	ids := make(map[protocol.ConversationID]bool)
	for id := range o.there {
		ids[id] = true
	}
	for id := range o.known {
		ids[id] = true
	}
	for id := range o.merged {
		ids[id] = true
	}
	for id := range receipts {
		ids[id] = true
	}
	out := make([]protocol.ConversationID, 0, len(ids))
	for id := range ids {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// verify reads one transcript. The error is the context's.
func (o *Snapshot) verify(
	ctx context.Context, id protocol.ConversationID, receipts []transcript.Receipt,
) (Finding, error) {
	l := Finding{ID: id, File: o.files.Path(id), Line: 1}
	t, err := o.open(id)
	var broken *transcript.IntegrityError
	switch {
	case errors.Is(err, ErrNoConversation):
		l.Err = fmt.Errorf("there is a receipt for entry %d, and no such conversation", receipts[0].Seq)
		return l, nil
	case errors.As(err, &broken):
		l.Err = errors.New(broken.What)
		return l, nil
	case err != nil:
		return l.unread(err), nil
	}
	defer t.done()
	err = o.verifyLines(ctx, t, &l, receipts)
	var found lineError
	switch {
	case errors.As(err, &found):
		l.Err = found.error
	case err != nil && ctx.Err() != nil:
		return l, ctx.Err()
	case err != nil:
		return l.unread(err), nil
	}
	return l, nil
}

// unread is the line of a transcript that could not be read, or of the part of the journal that goes with it.
func (l Finding) unread(err error) Finding {
	var file *vfs.FileError
	if !errors.As(err, &file) {
		file = &vfs.FileError{Path: l.File, Err: err}
	}
	l.File, l.Line, l.Err = file.Path, 0, file.What()
	return l
}

// lineError is what is wrong with a line; other errors are those of reading.
type lineError struct{ error }

func notLine(format string, args ...any) error { return lineError{fmt.Errorf(format, args...)} }

func (o *Snapshot) verifyLines(ctx context.Context, t *opened, l *Finding, receipts []transcript.Receipt) error {
	walk := &transcript.Walk{}
	line := 0
	err := eachLine(ctx, t, func(text []byte, whole bool) error {
		line++
		l.Line = line
		if !whole {
			return notLine("the line is cut off")
		}
		if line == 1 {
			head, ok := transcript.ParseLogLine(text)
			if !ok || head.Conversation != l.ID {
				return notLine("%s", transcript.NotLogLine(text))
			}
			l.Log = head.Log
			walk.Begin(head)
			return nil
		}
		if what := walk.Next(text); what != "" {
			return notLine("%s", what)
		}
		l.Entries, l.Last = walk.Seq, walk.Sum
		return fits(receipts, walk.Seq, walk.Sum)
	})
	if err != nil {
		return err
	}
	l.Line = line + 1
	if what, missing := t.unlike(walk); what != "" {
		if !missing {
			l.Line = line
		}
		return notLine("%s", what)
	}
	for _, r := range receipts {
		if r.Seq > l.Entries {
			return notLine("there is a receipt for entry %d, and the last is %d", r.Seq, l.Entries)
		}
	}
	l.Line = 0
	return nil
}

// fits holds an entry against the receipts for it.
func fits(receipts []transcript.Receipt, seq protocol.Seq, sum protocol.Sum) error {
	for _, r := range receipts {
		if r.Seq == seq && r.Sum != sum {
			return notLine("the sum of entry %d is %s, and the receipt says %s", seq, sum, r.Sum)
		}
	}
	return nil
}
