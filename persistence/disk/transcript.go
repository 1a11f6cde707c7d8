package disk

import (
	"bytes"
	"context"
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

// view gives bytes of the transcript from off on, at least one: a part of what is pending, which nobody may change,
// or what it read from the file into buf. Both end at most at size. After a failed sync the kernel may have dropped what it
// could not write, so that reading gives what the disk has: beyond synced the file is not believed until it was written again.
func (r *Record) view(c *conversation, off int64, buf []byte) ([]byte, error) {
	c.mu.Lock()
	size, believed, failures := c.size, c.written, c.failures
	if off >= believed && off < size {
		b := c.lumpAt(off)
		c.mu.Unlock()
		return b, nil
	}
	if c.suspect || c.alone {
		believed = c.synced
	}
	c.mu.Unlock()
	if off >= size {
		return nil, fmt.Errorf("transcript: read %s at offset %d: it ends at %d", c.id, off, size)
	}
	if off >= believed {
		return nil, fmt.Errorf("transcript: read %s at offset %d: it could not be synced, and is not yet written again", r.files.Path(c.id), off)
	}
	f, err := r.files.Get(c.id, false)
	if err != nil {
		return nil, fmt.Errorf("transcript: open: %w", err)
	}
	defer r.files.Put(f)
	got := buf[:min(int64(len(buf)), believed-off)]
	if err := vfs.ReadFull(f, got, off); err != nil {
		return nil, fmt.Errorf("transcript: read %s at offset %d: %w", r.files.Path(c.id), off, err)
	}
	c.mu.Lock()
	spoiled := c.failures != failures
	c.mu.Unlock()
	if spoiled { // a sync failed meanwhile
		return r.view(c, off, buf)
	}
	return got, nil
}

// walk calls visit with each line from off on, newline left out, and with the line's offset, up to end or until visit
// says stop. off must be a line's beginning, and end one's end. The line is good until visit returns.
func (r *Record) walk(ctx context.Context, c *conversation, off, end int64, visit func(line []byte, at int64) (more bool, err error)) error {
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

// find gives the offset of an entry's line. It bisects by offset until what is left is a few blocks, and walks these.
func (r *Record) find(ctx context.Context, c *conversation, seq protocol.Seq) (int64, error) {
	lo, hi := c.around(seq)
	for lo.seq != seq && hi.offset-lo.offset > readBlockSize {
		a, err := r.lineAfter(ctx, c, lo.offset+(hi.offset-lo.offset)/2, hi.offset)
		if err != nil {
			return 0, err
		}
		switch {
		case a.offset >= hi.offset: // one line fills the upper half: leave it to the walk
			hi = anchor{hi.seq, lo.offset + readBlockSize}
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

// lineAfter gives the first entry that begins after off; where none does before end, the offset is end.
func (r *Record) lineAfter(ctx context.Context, c *conversation, off, end int64) (anchor, error) {
	pooled := blocks.Get().(*[]byte)
	defer blocks.Put(pooled)
	small := (*pooled)[:4096]
	for off < end {
		block, err := r.view(c, off, small)
		if err != nil {
			return anchor{}, err
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
		a := anchor{offset: off}
		err = r.walk(ctx, c, off, end, func(line []byte, at int64) (bool, error) {
			var ok bool
			if a.seq, ok = protocol.EntrySeq(line); !ok {
				return false, r.broken(c, at)
			}
			return false, nil
		})
		return a, err
	}
	return anchor{offset: end}, nil
}

// Tail is persistence.Record's.
func (r *Record) Tail(id protocol.ConversationID) (persistence.Tail, error) {
	c := r.conversations.get(id)
	if c == nil {
		return persistence.Tail{}, nil
	}
	tail, _, err := c.snapshot()
	return tail, err
}

// Read is persistence.Record's.
func (r *Record) Read(ctx context.Context, id protocol.ConversationID, from, to protocol.Seq, maxBytes int) (*persistence.Batch, error) {
	c, err := r.sound(id)
	if err != nil {
		return nil, err
	}
	tail, size, _ := c.snapshot()
	to = min(to, tail.Last)
	if from < 1 || from > to {
		return nil, fmt.Errorf("transcript: read %s: the range %d to %d is not within 1 to %d", id, from, to, tail.Last)
	}
	off, err := r.find(ctx, c, from)
	if err != nil {
		return nil, err
	}
	batch := &persistence.Batch{First: from}
	batch.Frames = make([]byte, 0, min(int64(maxBytes), size-off))
	next := anchor{from, off}
	err = r.walk(ctx, c, off, size, func(line []byte, at int64) (bool, error) {
		next.offset = at
		if next.seq > to {
			return false, nil
		}
		seq, ok := protocol.EntrySeq(line)
		if !ok || seq != next.seq {
			return false, r.broken(c, at)
		}
		if !addEntry(batch, line, maxBytes) {
			if batch.Len() == 0 {
				return false, r.broken(c, at)
			}
			return false, nil
		}
		next.seq++
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if next.seq > tail.Last {
		next.offset = size
	}
	c.remember(next)
	return batch, nil
}

// addEntry adds a line's wire bytes as a frame, unless the batch is full.
func addEntry(b *persistence.Batch, line []byte, maxBytes int) bool {
	e, ok := transcript.ParseEntryLine(line)
	const header = 10 // of a frame, at most
	if !ok || b.Len() > 0 && len(b.Frames)+header+len(e.Wire)+1 > maxBytes {
		return false
	}
	// The wire bytes but for their } stand at the line's beginning: where the line is the record's own copy,
	// it is not to be changed, so that the } goes into the frame.
	b.Add(line[:len(e.Wire)+1])
	b.Frames[len(b.Frames)-1] = '}'
	return true
}

// Lines is persistence.Record's.
func (r *Record) Lines(ctx context.Context, id protocol.ConversationID, yield func(line []byte) error) error {
	c, err := r.sound(id)
	if err != nil {
		return err
	}
	_, size, _ := c.snapshot()
	take := transcript.Chained(&transcript.Walk{}, id, r.files.Path(id), yield)
	return r.walk(ctx, c, 0, size, func(line []byte, _ int64) (bool, error) {
		return true, take(line)
	})
}
