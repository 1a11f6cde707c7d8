package disk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// errNoConversation says that there is no conversation of that id.
var errNoConversation = errors.New("record: there is no such conversation")

// refusedConversation is what the log says of a conversation whose transcript is not what it must be.
const refusedConversation = "a conversation is refused until its transcript is put right and the server started again"

// sound gives a conversation whose transcript was seen to end as it must, at its first use after a start.
func (r *Record) sound(id protocol.ConversationID) (*conversation, error) {
	c := r.conversations.get(id)
	if c == nil {
		return nil, errNoConversation
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
	if err != nil && !errors.As(err, new(*transcript.IntegrityError)) && !errors.As(err, new(*vfs.ForeignError)) {
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
		return nil, errNoConversation
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
	path := r.files.Path(id)
	f, err := r.files.Get(id, false)
	if vfs.Missing(err) {
		return &transcript.IntegrityError{Path: path, What: "it is missing"}
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
		return &transcript.IntegrityError{Path: path, What: fmt.Sprintf("it has %d bytes, and the catalogue says %d", have, size)}
	}
	head, err := transcript.ReadHead(f, size)
	if err != nil {
		return fmt.Errorf("transcript: read %s: %w", path, err)
	}
	if l, ok := transcript.ParseLogLine(head); !ok || l.Conversation != id {
		return &transcript.IntegrityError{Path: path, What: transcript.NotLogLine(head)}
	} else if l.Log != want.Log {
		return &transcript.IntegrityError{Path: path, What: "its first line is another log's"}
	}
	last, err := transcript.ReadLast(f, size)
	if err != nil {
		return fmt.Errorf("transcript: read %s: %w", path, err)
	}
	seq, ok1 := protocol.EntrySeq(last)
	e, ok2 := transcript.ParseEntryLine(last)
	if !ok2 && ok1 && seq == want.Last {
		return &transcript.IntegrityError{Path: path, What: fmt.Sprintf("its last line is not whole: %s", transcript.NotEntry(last))}
	}
	if !ok1 || !ok2 || seq != want.Last || e.Sum != want.Sum {
		return &transcript.IntegrityError{Path: path, What: fmt.Sprintf("its last line is not entry %d with the sum %s", want.Last, want.Sum)}
	}
	return nil
}

// complain logs what went wrong while a send was decided, at most once a second.
func (r *Record) complain(err error) {
	now := time.Now().Unix()
	if before := r.complained.Load(); before != now && r.complained.CompareAndSwap(before, now) && !errors.Is(err, context.Canceled) {
		r.log.Error().Err(err).Msg("a send could not be decided")
	}
}
