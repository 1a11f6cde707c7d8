package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// ErrNoConversation says that there is no conversation of that id.
var ErrNoConversation = errors.New("record: there is no such conversation")

// notWholeError is a transcript that does not end as it must. Its conversation is refused; others go on.
type notWholeError struct {
	path string
	what string
}

func (e *notWholeError) Error() string {
	return fmt.Sprintf("transcript: %s is not whole: %s: run `verbatim verify`, and restore the file from a backup", e.path, e.what)
}

// refusedConversation is what the log says of a conversation whose transcript is not what it must be.
const refusedConversation = "a conversation is refused until its transcript is put right and the server started again"

// sound gives a conversation whose transcript was seen to end as it must, at its first use after a start.
func (r *Record) sound(id protocol.ConversationID) (*conversation, error) {
	c := r.conversations.get(id)
	if c == nil {
		return nil, ErrNoConversation
	}
	c.mu.Lock()
	checked, damage, tail, size := c.checked, c.damage, c.tail, c.size
	c.mu.Unlock()
	if damage != nil {
		return nil, damage
	}
	if checked {
		return c, nil
	}
	// Until it was checked nothing is added to it, so that several who check at once see the same.
	err := r.checkWhole(c.id, tail, size)
	if err != nil && !errors.As(err, new(*notWholeError)) && !errors.As(err, new(*vfs.ForeignError)) {
		return nil, err // it cannot be read now; that says nothing about it
	}
	c.mu.Lock()
	first := !c.checked && c.damage == nil
	c.checked, c.damage = err == nil, err
	c.mu.Unlock()
	if err != nil && first {
		r.log.Error().Err(err).Str("conversation", string(id)).Msg(refusedConversation)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// soundNow is sound without a wait: errWaits says that nobody has looked yet.
func (r *Record) soundNow(id protocol.ConversationID) (*conversation, error) {
	c := r.conversations.get(id)
	if c == nil {
		return nil, ErrNoConversation
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.damage == nil && !c.checked {
		return nil, errWaits
	}
	return c, c.damage
}

// checkWhole holds a transcript's size, first line and last line against what they must be.
func (r *Record) checkWhole(id protocol.ConversationID, want persistence.Tail, size int64) error {
	path := r.files.path(id)
	f, err := r.files.get(id, false)
	if vfs.Missing(err) {
		return &notWholeError{path, "it is missing"}
	}
	if err != nil {
		return fmt.Errorf("transcript: %w", &vfs.FileError{Path: path, Err: err})
	}
	defer r.files.put(f)
	have, err := f.Size()
	if err != nil {
		return fmt.Errorf("transcript: %w", err)
	}
	if have != size {
		return &notWholeError{path, fmt.Sprintf("it has %d bytes, and the catalogue says %d", have, size)}
	}
	head, err := readHead(f, size)
	if err != nil {
		return fmt.Errorf("transcript: read %s: %w", path, err)
	}
	if l, ok := parseLogLine(head); !ok || l.conversation != id {
		return &notWholeError{path, notLogLine(head)}
	} else if l.log != want.Log {
		return &notWholeError{path, "its first line is another log's"}
	}
	last, err := readLast(f, size)
	if err != nil {
		return fmt.Errorf("transcript: read %s: %w", path, err)
	}
	seq, ok1 := protocol.EntrySeq(last)
	e, ok2 := parseEntryLine(last)
	if !ok2 && ok1 && seq == want.Last {
		return &notWholeError{path, fmt.Sprintf("its last line is not whole: %s", notEntry(last))}
	}
	if !ok1 || !ok2 || seq != want.Last || e.sum != want.Sum {
		return &notWholeError{path, fmt.Sprintf("its last line is not entry %d with the sum %s", want.Last, want.Sum)}
	}
	return nil
}

// readHead gives a transcript's first line, newline left out; nil: it has none.
func readHead(f vfs.File, size int64) ([]byte, error) {
	buf := make([]byte, min(size, 512)) // a log line has less than 300 bytes
	if err := vfs.ReadFull(f, buf, 0); err != nil {
		return nil, err
	}
	if n := bytes.IndexByte(buf, '\n'); n >= 0 {
		return buf[:n], nil
	}
	return nil, nil
}

// readLast gives the last line before a transcript's end, newline left out; nil: nothing ends there.
func readLast(f vfs.File, end int64) ([]byte, error) {
	for n := int64(4096); ; n *= 4 {
		n = min(n, end)
		buf := make([]byte, n)
		if err := vfs.ReadFull(f, buf, end-n); err != nil {
			return nil, err
		}
		if n == 0 || buf[n-1] != '\n' {
			return nil, nil
		}
		buf = buf[:n-1]
		if i := bytes.LastIndexByte(buf, '\n'); i >= 0 {
			return buf[i+1:], nil
		}
		if n == end || n > maxLine {
			return buf, nil
		}
	}
}

// complain logs what went wrong while a send was decided, at most once a second.
func (r *Record) complain(err error) {
	now := time.Now().Unix()
	if before := r.complained.Load(); before != now && r.complained.CompareAndSwap(before, now) && !errors.Is(err, context.Canceled) {
		r.log.Error().Err(err).Msg("a send could not be decided")
	}
}
