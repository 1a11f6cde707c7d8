package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"verbatim/persistence/journal"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// marks are read marks of a conversation's log. Guarded by the conversation's mu.
type marks struct {
	byUser map[protocol.UserID]protocol.Seq
	loaded bool // the file's are among them
	dirty  bool // some are not in the file, and the conversation is in the next checkpoint's list
	used   time.Time
}

// marksFile is data/marks/<conversation>.json. Marks of another log count for nothing.
type marksFile struct {
	Format       int                              `json:"format"`
	Conversation protocol.ConversationID          `json:"conversation"`
	Log          protocol.LogID                   `json:"log"`
	Marks        map[protocol.UserID]protocol.Seq `json:"marks"`
}

func (r *Record) marksPath(id protocol.ConversationID) string {
	return filepath.Join(r.marksDir, string(id)+".json")
}

// marksOf gives the conversation's marks as far as they are in memory. mu is held.
func (c *conversation) marksOf(now time.Time) *marks {
	if c.marks == nil {
		c.marks = &marks{byUser: make(map[protocol.UserID]protocol.Seq)}
	}
	c.marks.used = now
	return c.marks
}

// raise keeps a mark where it is greater, and says whether it was.
func (m *marks) raise(user protocol.UserID, seq protocol.Seq) bool {
	if m.byUser[user] >= seq {
		return false
	}
	m.byUser[user] = seq
	return true
}

// Mark is persistence.Record's.
func (r *Record) Mark(id protocol.ConversationID, user protocol.UserID, seq protocol.Seq) {
	c := r.conversations.get(id)
	if c == nil {
		return
	}
	user = protocol.UserID(strings.Clone(string(user)))
	c.mu.Lock()
	log := c.tail.Log
	raised := seq <= c.tail.Last && c.marksOf(r.now()).raise(user, seq)
	dirtied := raised && !c.marks.dirty
	if raised {
		c.marks.dirty = true
	}
	c.mu.Unlock()
	if dirtied {
		r.checkpoints.addMarked(c)
	}
	if raised {
		r.journal.Mark(journal.MarkItem{Conversation: id, Log: log, User: user, Seq: seq})
	}
}

// Marks is persistence.Record's.
func (r *Record) Marks(id protocol.ConversationID) (map[protocol.UserID]protocol.Seq, error) {
	c := r.conversations.get(id)
	if c == nil {
		return nil, nil
	}
	if err := r.loadMarks(c); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.marksOf(r.now()).byUser), nil
}

// loadMarks makes sure that the file's marks are in memory. Those in memory are newer.
func (r *Record) loadMarks(c *conversation) error {
	c.mu.Lock()
	loaded, log := c.marks != nil && c.marks.loaded, c.tail.Log
	c.mu.Unlock()
	if loaded {
		return nil
	}
	kept, err := r.readMarks(c.id, log)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.marksOf(r.now())
	for user, seq := range kept {
		m.raise(user, seq)
	}
	m.loaded = true
	return nil
}

func (r *Record) readMarks(id protocol.ConversationID, log protocol.LogID) (map[protocol.UserID]protocol.Seq, error) {
	b, err := r.fs.ReadFile(r.marksPath(id))
	if vfs.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	var f marksFile
	if err := json.Unmarshal(b, &f); err != nil {
		// Not worth refusing a conversation for: the next checkpoint writes a whole file.
		r.log.Error().Err(err).Str("file", r.marksPath(id)).Msg("read marks are lost: their file is not whole")
		return nil, nil
	}
	if f.Log != log {
		return nil, nil
	}
	return f.Marks, nil
}

const unsavedMarks = "read marks cannot be saved: the next checkpoint tries again"

// foldMarks writes marks files. What it could not write is in the next checkpoint again.
func (k *checkpoints) foldMarks(marked []*conversation) (first error) {
	for _, c := range marked {
		if err := k.r.loadMarks(c); err != nil {
			// What is there must not be written over unread, and must not hold up the record either.
			k.r.log.Error().Err(err).Msg(unsavedMarks)
			k.addMarked(c)
			continue
		}
		if err := k.r.writeMarks(c); errors.As(err, new(*vfs.ForeignError)) {
			k.r.log.Error().Err(err).Msg(unsavedMarks)
			k.addMarked(c)
			continue
		} else if err != nil {
			k.addMarked(c)
			if first == nil {
				first = err
			}
			continue
		}
		k.renamed = true
	}
	if first != nil || !k.renamed {
		return first
	}
	if err := k.r.fs.SyncDir(k.r.marksDir); err != nil {
		return fmt.Errorf("marks: sync the folder: %w", err)
	}
	k.renamed = false
	return nil
}

// writeMarks writes a conversation's marks, which are loaded.
func (r *Record) writeMarks(c *conversation) error {
	c.mu.Lock()
	f := marksFile{Format: 1, Conversation: c.id, Log: c.tail.Log, Marks: maps.Clone(c.marks.byUser)}
	c.marks.dirty = false
	c.mu.Unlock()
	b, err := json.Marshal(f)
	if err == nil {
		err = vfs.WriteAside(r.fs, r.marksPath(c.id), append(b, '\n'))
	}
	if err != nil {
		c.mu.Lock()
		c.marks.dirty = true
		c.mu.Unlock()
		return fmt.Errorf("marks: write: %w", err)
	}
	return nil
}
