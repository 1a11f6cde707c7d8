package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"verbatim/persistence"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// readBlockSize is how many bytes of a transcript are read at once.
const readBlockSize = 64 << 10

var blocks = sync.Pool{New: func() any { b := make([]byte, readBlockSize); return &b }}

// view returns bytes of the transcript from off on, at least one: a part of what is pending, which nobody may change,
// or what it read from the file into buf. Both end at most at the transcript's size.
func (r *Record) view(c *conversation, off int64, buf []byte) ([]byte, error) {
	x := c.from(off)
	switch {
	case x.chunk != nil:
		return x.chunk, nil
	case off >= x.size:
		return nil, fmt.Errorf("transcript: read %s at offset %d: it ends at %d", c.id, off, x.size)
	case off >= x.believed:
		return nil, fmt.Errorf("transcript: read %s at offset %d: it could not be synced, and is not yet written again",
			r.files.Path(c.id), off)
	}

	f, err := r.files.Get(c.id, false)
	if err != nil {
		return nil, fmt.Errorf("transcript: open: %w", err)
	}
	defer r.files.Put(f)
	got := buf[:min(int64(len(buf)), x.believed-off)]
	if err := vfs.ReadFull(f, got, off); err != nil {
		return nil, fmt.Errorf("transcript: read %s at offset %d: %w", r.files.Path(c.id), off, err)
	}
	if c.failedSince(x.failures) { // what was read may not be on the disk
		return r.view(c, off, buf)
	}
	return got, nil
}

// walk calls visit with each line from off on, newline left out, and with the line's offset, up to end or until visit
// says stop. off must be a line's beginning, and end one's end. The line is good until visit returns.
func (r *Record) walk(
	ctx context.Context, c *conversation, off, end int64, visit func(line []byte, at int64) (more bool, err error),
) error {
	pooled := blocks.Get().(*[]byte)
	defer blocks.Put(pooled)
	buf := *pooled
	for off < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		block, err := r.view(c, off, buf)
		if err != nil {
			return err
		}
		block = block[:min(int64(len(block)), end-off)]
		if bytes.IndexByte(block, '\n') < 0 { // a line that is longer than the buffer
			if len(buf) >= transcript.MaxLine || int64(len(block)) == end-off {
				return r.broken(c, off)
			}
			buf = make([]byte, 4*len(buf))
			continue
		}
		for {
			n := bytes.IndexByte(block, '\n')
			if n < 0 {
				break
			}
			if more, err := visit(block[:n], off); err != nil || !more {
				return err
			}
			block, off = block[n+1:], off+int64(n)+1
		}
	}
	return nil
}

// broken is a transcript that says something else than it must.
func (r *Record) broken(c *conversation, off int64) error {
	return fmt.Errorf("transcript: %s is not whole near offset %d: run `verbatim verify`", r.files.Path(c.id), off)
}

// find returns the offset of an entry's line. It bisects by offset until what is left is a few blocks, and walks these.
func (r *Record) find(ctx context.Context, c *conversation, seq protocol.Seq) (int64, error) {
	lo, hi := c.around(seq)
	for lo.seq != seq && hi.offset-lo.offset > readBlockSize {
		a, err := r.lineAfter(ctx, c, lo.offset+(hi.offset-lo.offset)/2, hi.offset)
		if err != nil {
			return 0, err
		}
		switch {
		case a.offset >= hi.offset: // one line fills the upper half: leave it to the walk
			hi = seekHint{hi.seq, lo.offset + readBlockSize}
		case a.seq <= lo.seq || a.seq >= hi.seq:
			return 0, r.broken(c, a.offset)
		case a.seq <= seq:
			lo = a
		default:
			hi = a
		}
	}
	found := int64(-1)
	_, size, _ := c.snapshot()
	err := r.walk(ctx, c, lo.offset, size, func(line []byte, at int64) (bool, error) {
		if at == 0 {
			return true, nil // the log line
		}
		have, ok := protocol.EntrySeq(line)
		if !ok || have > seq {
			return false, r.broken(c, at)
		}
		if have == seq {
			found = at
		}
		return have < seq, nil
	})
	if err == nil && found < 0 {
		err = r.broken(c, lo.offset)
	}
	return found, err
}

// lineAfter returns the first entry that begins after off. If none does before end, its offset is end.
func (r *Record) lineAfter(ctx context.Context, c *conversation, off, end int64) (seekHint, error) {
	pooled := blocks.Get().(*[]byte)
	defer blocks.Put(pooled)
	small := (*pooled)[:4096]
	for off < end {
		block, err := r.view(c, off, small)
		if err != nil {
			return seekHint{}, err
		}
		n := bytes.IndexByte(block, '\n')
		if n < 0 {
			off += int64(len(block))
			continue
		}
		off += int64(n) + 1
		if off >= end {
			break
		}
		a := seekHint{offset: off}
		err = r.walk(ctx, c, off, end, func(line []byte, at int64) (bool, error) {
			var ok bool
			if a.seq, ok = protocol.EntrySeq(line); !ok {
				return false, r.broken(c, at)
			}
			return false, nil
		})
		return a, err
	}
	return seekHint{offset: end}, nil
}

// entry reads one entry, and its sum.
func (r *Record) entry(
	ctx context.Context, c *conversation, seq protocol.Seq,
) (m protocol.Message, sum protocol.Sum, err error) {
	off, err := r.find(ctx, c, seq)
	if err != nil {
		return m, sum, err
	}
	_, size, _ := c.snapshot()
	err = r.walk(ctx, c, off, size, func(line []byte, at int64) (bool, error) {
		e, ok := transcript.ParseEntryLine(line)
		if !ok {
			return false, r.broken(c, at)
		}
		var bad *protocol.Error
		if m, bad = protocol.ParseMessage(e.AppendWire(nil)); bad != nil {
			return false, r.broken(c, at)
		}
		sum = e.Sum
		return false, nil
	})
	return m, sum, err
}

// errNoConversation says that there is no conversation of that id.
var errNoConversation = errors.New("record: there is no such conversation")

// refusedConversation is what the log says of a conversation whose transcript is not what it must be.
const refusedConversation = "a conversation is refused until its transcript is put right and the server started again"

// sound returns a conversation whose transcript was seen to end as it must. At the first use after a start that is
// read; if mayRead is not set, the error is errNeedsIO then. It is errNoConversation if there is none.
func (r *Record) sound(id protocol.ConversationID, mayRead bool) (*conversation, error) {
	c := r.registry.get(id)
	if c == nil {
		return nil, errNoConversation
	}
	checked, damage := c.integrity()
	switch {
	case damage != nil:
		return nil, damage
	case checked:
		return c, nil
	case !mayRead:
		return nil, errNeedsIO
	}
	// Until it was checked nothing is added to it, so that several checks at once see the same.
	tail, size, _ := c.snapshot()
	err := r.checkWhole(c.id, tail, size)
	if err != nil && !errors.As(err, new(*transcript.IntegrityError)) && !errors.As(err, new(*vfs.ForeignError)) {
		return nil, err // it cannot be read now; that says nothing about it
	}
	first := c.setIntegrity(err)
	if err != nil && first {
		r.log.Error().Err(err).Str("conversation", string(id)).Msg(refusedConversation)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// checkWhole holds a transcript's size, first line and last line against what they must be.
func (r *Record) checkWhole(id protocol.ConversationID, want persistence.Tail, size int64) error {
	path := r.files.Path(id)
	wrong := func(format string, args ...any) error {
		return &transcript.IntegrityError{Path: path, What: fmt.Sprintf(format, args...)}
	}
	f, err := r.files.Get(id, false)
	if vfs.Missing(err) {
		return wrong("it is missing")
	}
	if err != nil {
		return fmt.Errorf("transcript: %w", &vfs.FileError{Path: path, Err: err})
	}
	defer r.files.Put(f)
	have, err := f.Size()
	if err != nil {
		return fmt.Errorf("transcript: %w", err)
	}
	if have != size {
		return wrong("it has %d bytes, and the catalogue says %d", have, size)
	}
	head, err := transcript.ReadHead(f, size)
	if err != nil {
		return fmt.Errorf("transcript: read %s: %w", path, err)
	}
	if l, ok := transcript.ParseLogLine(head); !ok || l.Conversation != id {
		return wrong("%s", transcript.NotLogLine(head))
	} else if l.Log != want.Log {
		return wrong("its first line is another log's")
	}
	last, err := transcript.ReadLast(f, size)
	if err != nil {
		return fmt.Errorf("transcript: read %s: %w", path, err)
	}
	seq, ok1 := protocol.EntrySeq(last)
	e, ok2 := transcript.ParseEntryLine(last)
	if !ok2 && ok1 && seq == want.Last {
		return wrong("its last line is not whole: %s", transcript.NotEntry(last))
	}
	if !ok1 || !ok2 || seq != want.Last || e.Sum != want.Sum {
		return wrong("its last line is not entry %d with the sum %s", want.Last, want.Sum)
	}
	return nil
}
