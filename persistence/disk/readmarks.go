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

// marks are read marks of a conversation's log. Guarded by the conversation's marksMu, which this file alone locks.
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

// marksOf returns the conversation's marks as far as they are in memory. marksMu is held, or the record not open yet.
func (c *conversation) marksOf(now time.Time) *marks {
	if c.marks == nil {
		c.marks = &marks{byUser: make(map[protocol.UserID]protocol.Seq)}
	}
	c.marks.used = now
	return c.marks
}

// raise keeps a mark that is greater than the user's last, and reports whether it is.
func (m *marks) raise(user protocol.UserID, seq protocol.Seq) bool {
	if m.byUser[user] >= seq {
		return false
	}
	m.byUser[user] = seq
	return true
}

// raiseMark keeps a mark that is greater than the user's last. It reports whether it is, and whether the conversation's
// marks are dirty since.
func (c *conversation) raiseMark(user protocol.UserID, seq protocol.Seq, now time.Time) (raised, dirtied bool) {
	c.marksMu.Lock()
	defer c.marksMu.Unlock()
	m := c.marksOf(now)
	raised = m.raise(user, seq)
	dirtied = raised && !m.dirty
	m.dirty = m.dirty || raised
	return raised, dirtied
}

// copyMarks returns a copy of the marks that are in memory.
func (c *conversation) copyMarks(now time.Time) map[protocol.UserID]protocol.Seq {
	c.marksMu.Lock()
	defer c.marksMu.Unlock()
	return maps.Clone(c.marksOf(now).byUser)
}

// evictMarks drops marks that are in their file and that nobody has used for that long.
func (c *conversation) evictMarks(now time.Time, unused time.Duration) {
	c.marksMu.Lock()
	defer c.marksMu.Unlock()
	if c.marks != nil && !c.marks.dirty && now.Sub(c.marks.used) > unused {
		c.marks = nil
	}
}

// load makes sure that the file's marks are in memory. Those in memory are newer.
func (f *marksFiles) load(c *conversation) error {
	c.marksMu.Lock()
	loaded := c.marks != nil && c.marks.loaded
	c.marksMu.Unlock()
	if loaded {
		return nil
	}
	tail, _, _ := c.snapshot()
	kept, err := f.read(c.id, tail.Log)
	if err != nil {
		return err
	}
	c.marksMu.Lock()
	defer c.marksMu.Unlock()
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
	tail, _, _ := c.snapshot()
	c.marksMu.Lock()
	file := marksFile{Format: 1, Conversation: c.id, Log: tail.Log, Marks: maps.Clone(c.marks.byUser)}
	c.marks.dirty = false
	c.marksMu.Unlock()
	b, err := json.Marshal(file)
	if err == nil {
		err = vfs.WriteAside(f.fs, f.path(c.id), append(b, '\n'))
	}
	if err != nil {
		c.marksMu.Lock()
		c.marks.dirty = true
		c.marksMu.Unlock()
		return fmt.Errorf("marks: write: %w", err)
	}
	return nil
}
