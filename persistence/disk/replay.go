package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"verbatim/persistence"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// settlers is how many goroutines write what was replayed.
const settlers = 4

// replay brings the transcripts to where the journal says that they were. What the journal says of a transcript goes
// on without a gap from the place of its first run, before which everything was synced; so the replay writes from
// there, whatever the file holds. It holds all lines of the journal, which is bounded, so that each transcript is
// opened once: with 100,000 of them in 160 MB that is 1 s instead of 5.
type replay struct {
	fs    vfs.FS
	files *transcript.Cache
	log   zerolog.Logger

	recovered *tally
	entries   int64 // replayed

	known    map[protocol.ConversationID]*conversation // from the catalogue, and then all
	replayed map[protocol.ConversationID]*replayed
	marks    []journal.MarkItem
}

// replayed is one transcript that the journal speaks of.
type replayed struct {
	c      *conversation
	before persistence.Tail // what is before the first lines
	begin  int64            // where the first run begins
	lines  []byte
	gone   bool   // its file was removed: what the journal has beyond counts for nothing
	aside  string // its file is damaged: lines are kept here
}

// run takes lines out of the journal in.
func (p *replay) run(x journal.LinesItem) error {
	t := p.replayed[x.Conversation]
	if t == nil || x.Offset == 0 {
		if t != nil {
			if err := p.write(t); err != nil {
				return err
			}
		}
		t = p.begin(x)
		p.replayed[x.Conversation] = t
	}
	c := t.c
	if x.Offset != c.size || x.Log != c.tail.Log || x.First != c.tail.Last+1 || x.Offset > 0 && x.Before != c.tail.Sum {
		return fmt.Errorf("%w: the entries of %s from %d on do not follow what stands before them",
			journal.ErrItem, x.Conversation, x.First)
	}
	if what := notLines(x); what != "" {
		return fmt.Errorf("%w: %s: %s", journal.ErrItem, x.Conversation, what)
	}
	p.entries += int64(x.Count)
	t.lines = append(t.lines, x.Lines...)
	c.tail = persistence.Tail{Log: x.Log, Last: x.Last(), Time: x.Time, Sum: x.Sum()}
	c.size = x.End()
	return nil
}

// notLines is why the lines of a run are not what a transcript has; "": they are. The sums are not made again: a
// start with a full journal would take half as long again.
func notLines(x journal.LinesItem) string {
	lines := x.Lines
	if x.Offset == 0 {
		head, rest, _ := bytes.Cut(lines, newline)
		if _, ok := transcript.ParseLogLine(head); !ok {
			return transcript.NotLogLine(head)
		}
		lines = rest
	}
	for line := range bytes.Lines(lines) {
		if _, ok := transcript.ParseEntryLine(bytes.TrimSuffix(line, newline)); !ok {
			return transcript.NotEntry(line)
		}
	}
	return ""
}

var newline = []byte("\n")

// begin is a transcript as it stood when its first run in the journal was committed.
func (p *replay) begin(x journal.LinesItem) *replayed {
	c := &conversation{id: x.Conversation}
	c.size, c.synced, c.written, c.checked = x.Offset, x.Offset, x.Offset, true
	c.tail = persistence.Tail{Log: x.Log, Last: x.First - 1, Sum: x.Before}
	p.known[c.id] = c
	return &replayed{c: c, begin: x.Offset, before: c.tail}
}

// check finds what there is of the transcript before its first run. Different transcripts may be checked at the same
// time.
func (p *replay) check(t *replayed) error {
	if t.begin > 0 {
		f, err := p.files.Get(t.c.id, false)
		if vfs.Missing(err) {
			t.gone = true
			p.log.Warn().Str("conversation", string(t.c.id)).Msg("a transcript was removed: the conversation is gone")
			return nil
		}
		if err != nil {
			return fmt.Errorf("replay: %w", &vfs.FileError{Path: p.files.Path(t.c.id), Err: err})
		}
		defer p.files.Put(f)
		var broken *transcript.IntegrityError
		if err := checkBefore(f, t); errors.As(err, &broken) {
			broken.Path = p.files.Path(t.c.id)
			t.c.damage = broken
			t.aside = filepath.Join(filepath.Dir(p.files.Dir), "salvaged", fmt.Sprintf("%s.%d.jsonl", t.c.id, t.begin))
			p.log.Error().Err(t.c.damage).Str("salvaged", t.aside).
				Msg("a conversation is refused; what the journal has of it is kept beside")
		} else if err != nil {
			return fmt.Errorf("replay: read %s: %w", p.files.Path(t.c.id), err)
		}
	}
	return nil
}

// checkBefore holds the line before a run against what the run says of it. A *IntegrityError says that it is another
// one; any other error, that it could not be read.
func checkBefore(f vfs.File, t *replayed) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	if size < t.begin {
		return &transcript.IntegrityError{What: fmt.Sprintf("it has %d bytes, and %d were synced", size, t.begin)}
	}
	last, err := transcript.ReadLast(f, t.begin)
	if err != nil {
		return err
	}
	e, ok := transcript.ParseEntryLine(last)
	if seq, is := protocol.EntrySeq(last); !ok || !is || seq != t.before.Last || e.Sum != t.before.Sum {
		what := fmt.Sprintf("no entry %d with the sum %s ends at offset %d", t.before.Last, t.before.Sum, t.begin)
		return &transcript.IntegrityError{What: what}
	}
	return nil
}

// inOrder returns what was replayed, sorted: a start does the same things in the same order each time.
func (p *replay) inOrder() []*replayed {
	all := slices.Collect(maps.Values(p.replayed))
	slices.SortFunc(all, func(a, b *replayed) int { return strings.Compare(string(a.c.id), string(b.c.id)) })
	return all
}

// write puts a transcript's lines where they belong.
func (p *replay) write(t *replayed) error {
	if err := p.check(t); err != nil || t.gone || len(t.lines) == 0 {
		return err
	}
	err := p.writeLines(t)
	if errors.As(err, new(*vfs.ForeignError)) {
		return fmt.Errorf("replay: %w", err)
	}
	if err != nil {
		return fmt.Errorf("replay: write %s: %w", p.files.Path(t.c.id), vfs.Advised(err))
	}
	t.lines = nil
	return nil
}

func (p *replay) writeLines(t *replayed) error {
	if t.aside != "" {
		if err := vfs.MakeDir(p.fs, filepath.Dir(t.aside)); err != nil {
			return err
		}
		f, err := p.fs.Open(t.aside, os.O_RDWR|os.O_CREATE)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := vfs.WriteFull(f, t.lines, 0); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		return p.fs.SyncDir(filepath.Dir(t.aside))
	}
	f, err := p.files.Get(t.c.id, t.begin == 0)
	if err != nil {
		return err
	}
	defer p.files.Put(f)
	return vfs.WriteFull(f, t.lines, t.begin)
}

// end settles what was replayed: the files end where the journal ends, and their conversations are dirty.
func (p *replay) end(ctx context.Context) (dirty []*conversation, err error) {
	p.recovered.note(func(x *Recovered) { x.Entries = p.entries })
	all := p.inOrder()
	if err := p.settleAll(ctx, all); err != nil {
		return nil, err
	}
	for _, t := range all {
		switch {
		case t.gone:
			delete(p.known, t.c.id)
			p.recovered.note(func(x *Recovered) { x.Gone++ })
		case t.aside == "":
			t.c.written = t.c.size
			t.c.dirty = true
			dirty = append(dirty, t.c)
		}
	}
	return dirty, nil
}

// settleAll settles each one: a file is opened once, and several are at work at the same time.
func (p *replay) settleAll(ctx context.Context, all []*replayed) error {
	group, ended := errgroup.WithContext(ctx)
	group.SetLimit(settlers)
	for _, t := range all {
		if ended.Err() != nil {
			break
		}
		group.Go(func() error { return p.settle(t) }) // settleAll's own; waits for the disk
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (p *replay) settle(t *replayed) error {
	if err := p.write(t); err != nil || t.gone || t.aside != "" {
		return err
	}
	return p.cut(t)
}

// cut takes off what a transcript has beyond the journal's last run. Lines that go on with the chain are kept: they
// were committed, since a transcript gets none before, and the part of the journal that says so is gone.
func (p *replay) cut(t *replayed) error {
	f, err := p.files.Get(t.c.id, false)
	if err != nil {
		return err
	}
	defer p.files.Put(f)
	size, err := f.Size()
	if err != nil || size == t.c.size {
		return err
	}
	rest := make([]byte, size-t.c.size)
	if err := vfs.ReadFull(f, rest, t.c.size); err != nil {
		return err
	}
	end, n := transcript.Extend(transcript.End(t.c.tail), rest)
	p.log.Warn().Str("conversation", string(t.c.id)).Int64("kept", n).Int64("cut", int64(len(rest))-n).
		Msg("a transcript went on beyond the journal")
	p.recovered.note(func(x *Recovered) { x.Kept, x.Cut = x.Kept+n, x.Cut+int64(len(rest))-n })
	t.c.tail, t.c.size = persistence.Tail(end), t.c.size+n
	if n == int64(len(rest)) {
		return nil
	}
	return f.Truncate(t.c.size)
}
