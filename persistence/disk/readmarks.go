package disk

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

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

// marksFiles reads and writes marks files.
type marksFiles struct {
	fs  vfs.FS
	dir string
	log zerolog.Logger
	now func() time.Time
}

func (f *marksFiles) path(id protocol.ConversationID) string {
	return filepath.Join(f.dir, string(id)+".json")
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

// load makes sure that the file's marks are in memory. Those in memory are newer.
func (f *marksFiles) load(c *conversation) error {
	c.mu.Lock()
	loaded, log := c.marks != nil && c.marks.loaded, c.tail.Log
	c.mu.Unlock()
	if loaded {
		return nil
	}
	kept, err := f.read(c.id, log)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.marksOf(f.now())
	for user, seq := range kept {
		m.raise(user, seq)
	}
	m.loaded = true
	return nil
}

func (f *marksFiles) read(id protocol.ConversationID, log protocol.LogID) (map[protocol.UserID]protocol.Seq, error) {
	b, err := f.fs.ReadFile(f.path(id))
	if vfs.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	var file marksFile
	if err := json.Unmarshal(b, &file); err != nil {
		// Not worth refusing a conversation for: the next checkpoint writes a whole file.
		f.log.Error().Err(err).Str("file", f.path(id)).Msg("read marks are lost: their file is not whole")
		return nil, nil
	}
	if file.Log != log {
		return nil, nil
	}
	return file.Marks, nil
}

// write writes a conversation's marks, which are loaded.
func (f *marksFiles) write(c *conversation) error {
	c.mu.Lock()
	file := marksFile{Format: 1, Conversation: c.id, Log: c.tail.Log, Marks: maps.Clone(c.marks.byUser)}
	c.marks.dirty = false
	c.mu.Unlock()
	b, err := json.Marshal(file)
	if err == nil {
		err = vfs.WriteAside(f.fs, f.path(c.id), append(b, '\n'))
	}
	if err != nil {
		c.mu.Lock()
		c.marks.dirty = true
		c.mu.Unlock()
		return fmt.Errorf("marks: write: %w", err)
	}
	return nil
}
